import requests

def charge(payload):
    return requests.post("https://pay.example.com/charge", json=payload, verify="/etc/ssl/own-ca.pem")
