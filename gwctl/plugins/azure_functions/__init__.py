"""azure-functions: answers by a function of Azure."""
