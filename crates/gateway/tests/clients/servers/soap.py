"""A SOAP 1.1 service of orders, written by hand: `soap.py PORT`. Its description is at `/?wsdl`."""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from lxml import etree

SOAP, ORDERS, XSD = "http://schemas.xmlsoap.org/soap/envelope/", "urn:orders", "http://www.w3.org/2001/XMLSchema"
# Operations: what they take, and what they give.
OPERATIONS = {
    "put": ("order", "Order", "xs:int"),
    "get": ("number", "xs:int", "Order"),
    "find": ("customer", "xs:string", "Orders"),
    "fail": ("why", "xs:string", "xs:string"),
}
FIELDS = ["number", "customer", "note"]
STORED = {}


class Fault(Exception):
    """A fault's code and text."""


def qualified(name):
    return name if name.startswith("xs:") else f"o:{name}"


def description(address):
    elements = messages = port = binding = ""
    for name, (argument, taken, given) in OPERATIONS.items():
        for element, field, kind in ((name, argument, taken), (f"{name}Response", f"{name}Result", given)):
            elements += f"""<xs:element name="{element}"><xs:complexType><xs:sequence>
              <xs:element name="{field}" type="{qualified(kind)}"/></xs:sequence></xs:complexType></xs:element>"""
            messages += f'<message name="{element}"><part name="parameters" element="o:{element}"/></message>'
        port += f'<operation name="{name}"><input message="o:{name}"/><output message="o:{name}Response"/></operation>'
        binding += f"""<operation name="{name}"><s:operation soapAction="{name}"/>
          <input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>"""
    fields = "".join(f'<xs:element name="{f}" type="xs:{"int" if f == "number" else "string"}"/>' for f in FIELDS)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="{XSD}" xmlns:o="{ORDERS}" targetNamespace="{ORDERS}" name="Orders">
  <types><xs:schema targetNamespace="{ORDERS}" elementFormDefault="qualified">
    <xs:complexType name="Order"><xs:sequence>{fields}</xs:sequence></xs:complexType>
    <xs:complexType name="Orders"><xs:sequence>
      <xs:element name="Order" type="o:Order" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
    {elements}
  </xs:schema></types>
  {messages}
  <portType name="Orders">{port}</portType>
  <binding name="Orders" type="o:Orders">
    <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>{binding}</binding>
  <service name="Orders"><port name="Orders" binding="o:Orders"><s:address location="{address}"/></port></service>
</definitions>""".encode()


def order_of(element):
    return {field: element.findtext(f"{{{ORDERS}}}{field}") for field in FIELDS}


def add(parent, name, order):
    element = etree.SubElement(parent, f"{{{ORDERS}}}{name}")
    for field in FIELDS:
        etree.SubElement(element, f"{{{ORDERS}}}{field}").text = order[field]


def call(name, argument, result):
    """Does an operation, and writes its result into an element."""
    if name == "put":
        order = order_of(argument)
        STORED[order["number"]] = order
        etree.SubElement(result, f"{{{ORDERS}}}putResult").text = str(len(STORED))
    elif name == "get":
        if argument.text not in STORED:
            raise Fault("Client.NotFound", f"No such order: {argument.text}")
        add(result, "getResult", STORED[argument.text])
    elif name == "find":
        found = etree.SubElement(result, f"{{{ORDERS}}}findResult")
        for order in STORED.values():
            if argument.text in order["customer"]:
                add(found, "Order", order)
    else:
        raise Fault("Server", argument.text)


def answer(body):
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "o": ORDERS})
    place = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    try:
        request = etree.fromstring(body, etree.XMLParser(resolve_entities=False)).find(f"{{{SOAP}}}Body")[0]
        name = etree.QName(request).localname
        result = etree.Element(f"{{{ORDERS}}}{name}Response")
        call(name, request[0], result)
        place.append(result)
        return "200 OK", etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    except Fault as fault:
        element = etree.SubElement(place, f"{{{SOAP}}}Fault")
        for field, text in zip(("faultcode", "faultstring"), (f"soapenv:{fault.args[0]}", fault.args[1])):
            etree.SubElement(element, field).text = text
        # SOAP 1.1 §6.2: a fault is a 500.
        return "500 Internal Server Error", etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def application(environment, start_response):
    if environment["REQUEST_METHOD"] == "GET":
        status, text = "200 OK", description(f"http://{environment['HTTP_HOST']}/")
    else:
        status, text = answer(environment["wsgi.input"].read(int(environment["CONTENT_LENGTH"])))
    start_response(status, [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(text)))])
    return [text]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


make_server("127.0.0.1", int(sys.argv[1]), application, handler_class=Quiet).serve_forever()
