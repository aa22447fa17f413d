"""aws-lambda: answers by a function of AWS Lambda."""
