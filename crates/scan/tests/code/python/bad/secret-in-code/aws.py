import boto3
client = boto3.client("s3", aws_access_key_id="AKIA4QZJ7TPLXW3MNB2K")
