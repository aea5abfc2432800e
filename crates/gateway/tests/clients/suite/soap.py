"""zeep with a SOAP service: its description, calls, texts, faults."""

import sys

import zeep
from zeep.helpers import serialize_object

from lab import Server, action, free_port
from lab.paths import SERVERS


def start(stage):
    port = free_port()
    stage.start(sys.executable, SERVERS / "soap.py", port, port=port)
    return Server(url=f"http://127.0.0.1:{port}")


def put(run, number, customer, note):
    return run.kept.service.put({"number": number, "customer": customer, "note": note})


@action
def read_the_description(run):
    client = zeep.Client(f"{run.url}/?wsdl")
    run.kept.service = client.service
    return sorted(client.service._operations), client.service._binding_options["address"]


@action
def put_and_get(run):
    put(run, 1, "O'Brien & Sons <Ltd>", 'Two desks; "oak", 20 % off -- as agreed\nLocation: Room 1\nUnion Street 5')
    put(run, 2, "Müller", "1 = 1, of course")
    return serialize_object(run.kept.service.get(1)), serialize_object(run.kept.service.get(2))


@action
def find(run):
    return [serialize_object(order) for order in run.kept.service.find("O'B")]


@action
def a_long_text(run):
    return put(run, 3, "Long", "A desk, and a chair. " * 20_000)


def fault_of(call, argument):
    """The code of a fault, by its local name; the gate's own envelope may have another prefix, and says nothing else."""
    try:
        call(argument)
    except zeep.exceptions.Fault as fault:
        assert fault.message
        return fault.code.rpartition(":")[2]
    raise AssertionError("no fault")


@action
def a_fault_of_the_client(run):
    return fault_of(run.kept.service.get, 42)


@action
def a_fault_of_the_server(run):
    return fault_of(run.kept.service.fail, "the disk is full")


@action(refused="sql")
def a_statement_in_a_note(run):
    return put(run, 4, "Query", "SELECT name, password FROM users WHERE id = 1 OR 1=1")
