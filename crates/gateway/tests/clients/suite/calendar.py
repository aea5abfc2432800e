"""vdirsyncer and a client of WebDAV with Radicale: calendars with places, contacts, MOVE and COPY."""

import http.client

from lab import Server, action, free_port

COMMANDS = ["radicale", "vdirsyncer"]

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Calendar 1.0//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
X-LIC-LOCATION:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T120000Z
DTSTART;TZID=Europe/Berlin:20260302T100000
DTEND;TZID=Europe/Berlin:20260302T110000
SUMMARY:{summary}
LOCATION:{location}
DESCRIPTION:{description}
X-ALT-DESC;FMTTYPE=text/html:<html><body><p>See <b>agenda</b></p></body></html>
URL:http://intranet.local/rooms/1?id=2
ATTENDEE;CN="O'Brien, Pat";ROLE=REQ-PARTICIPANT:mailto:pat@example.org
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
"""
EVENTS = [
    ("Team lunch", "Main hall", "Location: Main hall\\nBring: nothing"),
    ("Room 1", "Room 1", "Set-Cookie recipes\\, and more"),
    ("Review of select ... from", "http://localhost:8080/room", "DROP TABLE? No: <i>only</i> a review; see /etc/hosts"),
    ("Ann's & Bob's", "Straße 5\\, 10115 Berlin", "Zoom: https://example.org/j/123?pwd=abc"),
]
CARD = """BEGIN:VCARD
VERSION:3.0
UID:{uid}
FN:Pat O'Brien {number}
N:O'Brien;Pat;;;
EMAIL;TYPE=WORK:pat{number}@example.org
TEL;TYPE=CELL:+49 170 1234567
ADR;TYPE=HOME:;;Main Street 1;Town;;12345;Germany
NOTE:Knows <Ann> -- and "Bob"; drop by; 1=1
END:VCARD
"""


def start(stage):
    port = free_port()
    (stage.dir / "radicale.conf").write_text(f"""
[server]
hosts = 127.0.0.1:{port}
[auth]
type = none
[storage]
filesystem_folder = {stage.dir}/collections
[rights]
type = owner_only
""")
    stage.start("radicale", "--config", stage.dir / "radicale.conf", port=port)
    return Server(url=f"http://127.0.0.1:{port}")


def ask(run, method, path, body=None, **fields):
    """One request of a client of WebDAV, as `ann`."""
    connection = http.client.HTTPConnection(run.host, timeout=30)
    headers = {"Authorization": "Basic YW5uOnB3", **{name.replace("_", "-"): value for name, value in fields.items()}}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def sync(run, *command):
    (run.dir / "vdirsyncer.conf").write_text(f"""
[general]
status_path = "{run.dir}/status/"
[pair calendar]
a = "calendar_here"
b = "calendar_there"
collections = ["work"]
conflict_resolution = "a wins"
[storage calendar_here]
type = "filesystem"
path = "{run.dir}/calendars/"
fileext = ".ics"
[storage calendar_there]
type = "caldav"
url = "{run.url}/ann/"
username = "ann"
password = "it's a 'long' pass--word; <&>"
[pair contacts]
a = "contacts_here"
b = "contacts_there"
collections = ["friends"]
[storage contacts_here]
type = "filesystem"
path = "{run.dir}/contacts/"
fileext = ".vcf"
[storage contacts_there]
type = "carddav"
url = "{run.url}/ann/"
username = "ann"
password = "pw"
""")
    # vdirsyncer asks before it makes a collection.
    return run.command("vdirsyncer", "-c", run.dir / "vdirsyncer.conf", *command, input="y\n" * 20)


def collections(run):
    found = sorted((run.stage.dir / "collections" / "collection-root" / "ann").glob("*/*.[iv]c[sf]"))
    return sorted(path.read_text().replace("\r", "") for path in found)


def write_event(run, number, summary, location, description):
    text = EVENT.format(uid=f"event-{number}", summary=summary, location=location, description=description)
    (run.dir / "calendars" / "work" / f"event-{number}.ics").write_text(text.replace("\n", "\r\n"), newline="")


@action
def discover(run):
    (run.dir / "calendars" / "work").mkdir(parents=True)
    (run.dir / "contacts" / "friends").mkdir(parents=True)
    sync(run, "discover")
    return sorted(path.name for path in (run.stage.dir / "collections" / "collection-root" / "ann").iterdir())


@action
def upload_events(run):
    for number, (summary, location, description) in enumerate(EVENTS):
        write_event(run, number, summary, location, description)
    sync(run, "sync", "calendar")
    return collections(run)


@action
def upload_contacts(run):
    for number in range(3):
        (run.dir / "contacts" / "friends" / f"{number}.vcf").write_text(
            CARD.format(uid=f"card-{number}", number=number)
        )
    sync(run, "sync", "contacts")
    return collections(run)


@action
def change_and_remove(run):
    write_event(run, 1, "Room 2 now", "Room 2", "Location: Room 2")
    (run.dir / "calendars" / "work" / "event-0.ics").unlink()
    sync(run, "sync", "calendar")
    return collections(run)


@action
def download_into_another_place(run):
    for name in ("calendars/work", "contacts/friends"):
        (run.dir / name).rename(run.dir / name.replace("/", "-old-"))
        (run.dir / name).mkdir()
    (run.dir / "status").rename(run.dir / "status-old")
    sync(run, "discover")
    sync(run, "sync")
    return sorted(path.read_text() for path in run.dir.glob("c*/[wf]*/*.*"))


@action
def put_with_a_client_of_WebDAV(run):
    text = EVENT.format(uid="event-9", summary="Lunch", location="Room 1", description="Location: Main hall")
    return ask(run, "PUT", "/ann/team/event-9.ics", text, Content_Type="text/calendar; charset=utf-8")


@action
def move(run):
    destination = f"{run.url}/ann/team/event-10.ics"
    return ask(run, "MOVE", "/ann/team/event-9.ics", Destination=destination, Overwrite="F")


@action
def query_of_a_time(run):
    query = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
  <D:prop><D:getetag/><C:calendar-data/></D:prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
    <C:time-range start="20260301T000000Z" end="20260401T000000Z"/>
  </C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""
    status, text = ask(run, "REPORT", "/ann/team/", query, Content_Type="application/xml; charset=utf-8", Depth="1")
    return status, text.count("BEGIN:VEVENT"), "event-10.ics" in text


@action
def properties(run):
    change = """<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/"><D:set><D:prop>
<D:displayname>Ann's work &amp; more</D:displayname><A:calendar-color>#ff0000ff</A:calendar-color>
</D:prop></D:set></D:propertyupdate>"""
    changed = ask(run, "PROPPATCH", "/ann/team/", change, Content_Type="text/xml")
    wanted = '<propfind xmlns="DAV:"><prop><displayname/><resourcetype/><current-user-principal/></prop></propfind>'
    return changed, ask(run, "PROPFIND", "/ann/team/", wanted, Content_Type="text/xml", Depth="0")


@action
def delete_a_calendar(run):
    return ask(run, "DELETE", "/ann/team/")[0], collections(run)
