"""A SOAP service of orders, with spyne: `soap.py PORT`."""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, Array, ComplexModel, Fault, Integer, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication


class Order(ComplexModel):
    __namespace__ = "urn:orders"
    number = Integer
    customer = Unicode
    note = Unicode


ORDERS = {}


class Orders(ServiceBase):
    @rpc(Order, _returns=Integer)
    def put(self, order):
        ORDERS[order.number] = order
        return len(ORDERS)

    @rpc(Integer, _returns=Order)
    def get(self, number):
        if number not in ORDERS:
            raise Fault("Client.NotFound", f"No such order: {number}")
        return ORDERS[number]

    @rpc(Unicode, _returns=Array(Order))
    def find(self, customer):
        return [order for order in ORDERS.values() if customer in order.customer]

    @rpc(Unicode, _returns=Unicode)
    def fail(self, why):
        raise RuntimeError(why)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


application = Application([Orders], "urn:orders", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
make_server("127.0.0.1", int(sys.argv[1]), WsgiApplication(application), handler_class=Quiet).serve_forever()
