"""boto3 with moto: objects, parts of 5 MiB, presigned URLs, DeleteObjects, DynamoDB, SQS."""

import hashlib
import random
import sys
import urllib.parse

import boto3
import moto.server  # the server, which is started by its name
import requests
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from lab import Server, action, free_port

TEXTS = {
    "notes/Ann's notes & more+plus=1;2.txt": b"Just a text, with select and from.\n",
    "conf/umlaut-äöü.json": b'{"path": "relative/path", "n": 1}\n',
    "site/index.html": b'<!doctype html><html><body onload="go()"><script>alert(1)</script></body></html>\n',
}
CODE = {
    "bin/deploy.sh": b"#!/bin/sh\nset -e\nrm -rf /tmp/build && curl http://localhost:3000/x | sh\ncat /etc/passwd\n",
    "db/dump.sql": b"DROP TABLE IF EXISTS users;\nINSERT INTO users VALUES (1, 'O''Brien') -- done\n",
    "src/index.php": b"<?php echo `id`; system($_GET['c']); ?>\n",
}


def start(stage):
    port = free_port()
    stage.start(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port, port=port)
    return Server(url=f"http://127.0.0.1:{port}")


def client(run, service):
    return boto3.client(
        service,
        endpoint_url=run.url,
        region_name="eu-west-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=60),
    )


def digest(content):
    return hashlib.sha256(content).hexdigest()


def data(size, seed=1):
    return random.Random(seed).randbytes(size)


@action
def create_buckets(run):
    s3 = client(run, "s3")
    for name in ("desk", "code"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@action
def put_and_get_texts(run):
    s3, read = client(run, "s3"), {}
    for key, content in TEXTS.items():
        s3.put_object(Bucket="desk", Key=key, Body=content)
        read[key] = s3.get_object(Bucket="desk", Key=key)["Body"].read().decode()
    return read


def put_and_get(run, key):
    s3 = client(run, "s3")
    s3.put_object(Bucket="code", Key=key, Body=CODE[key])
    return s3.get_object(Bucket="code", Key=key)["Body"].read().decode()


@action
def put_and_get_a_script(run):
    return put_and_get(run, "bin/deploy.sh")


@action
def put_and_get_a_dump_of_a_database(run):
    return put_and_get(run, "db/dump.sql")


@action
def put_and_get_a_program(run):
    return put_and_get(run, "src/index.php")


@action
def put_with_types_and_metadata(run):
    s3 = client(run, "s3")
    for key, kind in (("page.html", "text/html"), ("run.sh", "text/x-shellscript"), ("style.css", "text/css")):
        body = b"<script>alert(1)</script>\n" if kind == "text/html" else b"#!/bin/sh\nls -la | wc -l\n"
        s3.put_object(
            Bucket="desk", Key=key, Body=body, ContentType=kind, Metadata={"author": "O'Brien; Pat", "from": "desk 1"}
        )
    head = s3.head_object(Bucket="desk", Key="page.html")
    return head["ContentType"], head["Metadata"], head["ContentLength"]


@action
def put_and_get_3_MB(run):
    s3 = client(run, "s3")
    s3.put_object(Bucket="desk", Key="large.bin", Body=data(3 << 20))
    part = s3.get_object(Bucket="desk", Key="large.bin", Range="bytes=1000-1999")["Body"].read()
    return digest(s3.get_object(Bucket="desk", Key="large.bin")["Body"].read()), digest(part)


@action
def put_bytes_without_a_type(run):
    """boto3 names no media type by itself."""
    s3, sizes = client(run, "s3"), (1_000, 20_000, 60_000, 200_000, 900_000)
    for number, size in enumerate(sizes):
        s3.put_object(Bucket="code", Key=f"bytes/{number}", Body=data(size, number))
    return [digest(s3.get_object(Bucket="code", Key=f"bytes/{number}")["Body"].read()) for number in range(len(sizes))]


@action
def parts_of_5_MB(run):
    s3, path = client(run, "s3"), run.dir / "parts.bin"
    path.write_bytes(data(12 << 20, 2))
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_file(str(path), "desk", "parts.bin", Config=config)
    s3.download_file("desk", "parts.bin", str(run.dir / "back.bin"), Config=config)
    return s3.head_object(Bucket="desk", Key="parts.bin")["ETag"], digest((run.dir / "back.bin").read_bytes())


@action
def list_and_copy(run):
    s3 = client(run, "s3")
    s3.copy_object(Bucket="desk", Key="copy of page.html", CopySource={"Bucket": "desk", "Key": "page.html"})
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="desk", PaginationConfig={"PageSize": 3})
    return sorted(item["Key"] for page in pages for item in page["Contents"])


@action
def presigned_get_and_put(run):
    s3 = client(run, "s3")
    put = s3.generate_presigned_url("put_object", Params={"Bucket": "desk", "Key": "signed/a b.txt"}, ExpiresIn=600)
    wrote = requests.put(put, data=b"signed text", timeout=20)
    get = s3.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": "desk",
            "Key": "signed/a b.txt",
            "ResponseContentDisposition": 'attachment; filename="a b.txt"',
        },
    )
    read = requests.get(get, timeout=20)
    return wrote.status_code, read.status_code, read.text, read.headers.get("Content-Disposition")


@action
def presigned_post(run):
    s3 = client(run, "s3")
    post = s3.generate_presigned_post(
        "desk", "posted/${filename}", ExpiresIn=600, Conditions=[["content-length-range", 1, 9_000_000]]
    )
    answer = requests.post(
        post["url"], data=post["fields"], files={"file": ("photo.jpg", b"\xff\xd8\xff\xe0" + data(2 << 20))}, timeout=20
    )
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="desk", Prefix="posted/")["Contents"]]
    return answer.status_code, keys


@action
def tags_and_rules_of_a_bucket(run):
    s3 = client(run, "s3")
    s3.put_object_tagging(Bucket="desk", Key="page.html", Tagging={"TagSet": [{"Key": "team", "Value": "R+D a/b"}]})
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket="desk", LifecycleConfiguration={"Rules": [rule]})
    return s3.get_object_tagging(Bucket="desk", Key="page.html")["TagSet"], s3.get_bucket_lifecycle_configuration(
        Bucket="desk"
    )["Rules"]


@action
def delete_objects(run):
    s3 = client(run, "s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="desk")["Contents"]]
    gone = s3.delete_objects(Bucket="desk", Delete={"Objects": [{"Key": key} for key in keys]})
    return sorted(item["Key"] for item in gone["Deleted"]), s3.list_objects_v2(Bucket="desk")["KeyCount"]


@action
def tables(run):
    table = client(run, "dynamodb")
    table.create_table(
        TableName="desks",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(5):
        note = {"S": "from <a> to b; it's 1=1"}
        table.put_item(TableName="desks", Item={"id": {"S": f"d{number}"}, "n": {"N": str(number)}, "note": note})
    table.update_item(
        TableName="desks",
        Key={"id": {"S": "d1"}},
        UpdateExpression="SET #n = #n + :one, tags = list_append(if_not_exists(tags, :none), :some)",
        ConditionExpression="attribute_exists(id) AND #n < :most",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues={
            ":one": {"N": "1"},
            ":most": {"N": "9"},
            ":none": {"L": []},
            ":some": {"L": [{"S": "x"}]},
        },
    )
    found = table.scan(
        TableName="desks",
        FilterExpression="n >= :n OR contains(note, :t)",
        ExpressionAttributeValues={":n": {"N": "2"}, ":t": {"S": "zzz"}},
    )
    return sorted(found["Items"], key=str)


@action(refused="sql")
def statements_in_PartiQL(run):
    answer = client(run, "dynamodb").execute_statement(Statement="SELECT * FROM desks WHERE id = 'd1'")
    return answer["Items"]


@action(refused="ssrf")
def queues(run):
    sqs = client(run, "sqs")
    made = sqs.create_queue(QueueName="orders")["QueueUrl"]
    # The server names itself; a client behind a proxy asks for the queue under the name that it was given.
    url = urllib.parse.urlunsplit(urllib.parse.urlsplit(made)._replace(netloc=run.host))
    sqs.send_message(
        QueueUrl=url,
        MessageBody='{"order": 1, "note": "it\'s <urgent>"}',
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "new"}},
    )
    entries = [{"Id": str(number), "MessageBody": f"message {number} & more"} for number in range(3)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return made, sorted(bodies), [urllib.parse.urlsplit(name).path for name in sqs.list_queues()["QueueUrls"]]
