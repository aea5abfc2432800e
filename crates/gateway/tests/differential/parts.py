"""Tricks of the heads of parts: the disposition, its names and quoting, other header lines."""

import base64
import html


def quoted(text):
    """As browsers write names."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def names(plan):
    """Spellings of a name, for those who undo quoting, escapes or folds."""
    n, half = plan.name, len(plan.name) // 2
    e = quoted(n)
    return [
        f'"{e}[]"', f'"{e}[x]"', f'" {e}"', f'"{e} "', f'"{e}\\""', f'"{e[:half]}\\{e[half:]}"', f"'{e}'", e, f'"{e}',
        f'{e}"', f'"{e.upper()}"', f'"{e}\0"', f'"{e}\0x"', f'"a"{e}', f'"{e}"x', f'"{e};x"',
        f'"{e.replace("_", ".")}"', f'"[{e}]"', f'"{e[:half]}" "{e[half:]}"', f'"{e[:half]}"\t"{e[half:]}"',
        f'"{e[:half]}\\\\{e[half:]}"', f'"x/{e}"', f'"x\\{e}"', f'"=?utf-8?q?{e}?="',
        f'"=?utf-8?b?{base64.b64encode(n.encode()).decode()}?="', f'"%{ord(n[0]):02x}{e[1:]}"',
        f'"&#{ord(n[0])};{e[1:]}"', f'"\ufeff{e}"', f'"x"; "{e}"', f'"{e}"; x="\\"; y="', f'"\\"{e}"', f'"{e}\\"',
        f'"{e}\\\\"', f'{e}\\', f'"{e}[', f'"{e}]"',
    ]


def head(plan, file_name):
    """The header lines of the planted part."""
    n = quoted(plan.name)
    parameters = [f'name="{n}"']
    if plan("mp-name"):
        parameters = ["name=" + plan.one("mp-name", names(plan))]
    if file_name is not None:
        coded = quoted(file_name)
        if plan("mp-name-coded"):
            coded = plan.one("mp-name-coded", [
                "".join(f"&#{ord(c):04d};" for c in file_name), "".join(f"&#x{ord(c):x};" for c in file_name),
                html.escape(file_name), "".join(f"%{ord(c):02x}" for c in file_name), f"=?utf-8?q?{file_name}?=",
                f"=?utf-8?b?{base64.b64encode(file_name.encode()).decode()}?=",
                "".join(f"%u{ord(c):04x}" for c in file_name), file_name.replace("/", "\\"), "C:\\" + file_name,
                "a/" + file_name, file_name.replace("/", "/./"), "".join(f"\\{c}" for c in file_name),
                file_name + "\0.txt", file_name.replace("/", "&sol;").replace("<", "&lt;").replace("$", "&dollar;"),
            ])
        parameters.append(f'filename="{coded}"')
    if plan("mp-file"):
        parameters += plan.one("mp-file", [
            ['filename=""'], ["filename="], ['filename=" "'], ["filename"], ['filename="a.txt"'], ['FileName="a"'],
            ["filename*=utf-8''a"], ["filename*0=a"], ['filename="a"', 'filename=""'], ['filename="blob"'],
            ['x="; filename="a"'], ['filename="\\"'], ["filename=\"C:\\\\x\\\\a\""], ['filename ="a"'],
            ['filename= "a"'], ['filename"="a"'], ["filename='a'"], ['Filename=""'], ['filename="."'],
            ['filename="a\\"'], ['filename=\0'], ["filename*=''"], ["filename*=\"\""], ["filename*"],
        ])
        plan.dice("mp-file-order").shuffle(parameters)
    if plan("mp-twice"):
        parameters = plan.one("mp-twice", [
            ['name="z"', *parameters], [*parameters, 'name="z"'], [*parameters, 'Name="z"'],
            [*parameters, "name*=utf-8''z"], ['name=""', *parameters], [*parameters, "name"], [*parameters, "name="],
            ['x="name=z; "', *parameters], ['xname="z"', *parameters], ["name*0=z", *parameters],
            [*parameters, 'x="', 'name="z"'],
        ])
    if plan("mp-star"):
        star = "".join(f"%{b:02x}" for b in plan.name.encode())
        half = len(plan.name) // 2
        parameters[0:1] = plan.one("mp-star", [
            [f"name*=utf-8''{star}"], [f"name*=UTF-8'en'{star}", 'name="z"'], ['name="z"', f"name*=utf-8''{star}"],
            [f"name*0={plan.name[:half]}", f"name*1={plan.name[half:]}"], [f"name*0*=utf-8''{star}"], [f'name*="{n}"'],
            [f"filename*=utf-8''{star}", 'name="z"'], [f"name*=utf-16''{star}"],
            [f"filename*=utf-8''%2e%2e%2f{star}", f'name="{n}"', 'filename="z"'],
        ])
    if plan("mp-quoting"):
        parameters.insert(plan.dice("mp-quoting-at").randrange(len(parameters) + 1), plan.one("mp-quoting", [
            'x="\\"', 'x="\\\\"', 'x="a;b"', 'x="a"b', "x='", 'x=a b', 'x', '=x', 'x="a\\', 'x="', ';', 'x=","',
            'x="\r\n "', "x=(a)", 'x="a"; y="b"', 'x=\\"', 'x="; name=z; y="', 'x=\\; name=z',
        ]))
    separator = "; "
    if plan("mp-separator"):
        separator = plan.one("mp-separator", [
            ";", ";\t", " ; ", ";;", ", ", " ", ";\r\n ", ";\n ", ";  ", ";\x0b", ";\x0c", ";\xa0", ";\r ", ";\0",
        ])
    disposition = "form-data"
    if plan("mp-disposition"):
        disposition = plan.one("mp-disposition", [
            "attachment", "inline", "Form-Data", "form-data2", "", "form-data ", '"form-data"', "file", "mixed",
            "form-data/x", "form_data", " form-data", "multipart/form-data", "x form-data",
        ])
    label = "Content-Disposition"
    if plan("mp-header"):
        label = plan.one("mp-header", [
            "content-disposition", "CONTENT-DISPOSITION", "Content-Disposition ", " Content-Disposition",
            "Content_Disposition", "Content-Disposition\t", "\0Content-Disposition", "Content-Disposition\0",
            "xContent-Disposition", "Content-Dispositio", "Content-Disposition:", "\x0bContent-Disposition",
            "Content-Disposition-x", "Content-Disposition\xa0",
        ])
    line = f"{label}: " + separator.join([disposition, *parameters])
    if plan("mp-fold"):
        line = plan.one("mp-fold", [
            line.replace("; ", ";\r\n ", 1), line.replace("; ", ";\r\n\t"), line.replace(": ", ":\r\n "),
            line.replace(": ", ":"), line.replace(": ", ":\t"), line.replace(": ", ": \0"), line + "\r\n ",
            line.replace("; ", ";\n ", 1), line.replace("; ", ";\r ", 1), line + ";", line + "; ", line + "\t",
            line + "\0", line.replace("name=", "name\r\n =", 1), line.replace("name=", "name= ", 1),
            line.replace("name=", "name =", 1), line.replace("name=", "name\t=\t", 1), "\r\n" + line, " \r\n" + line,
            "X: y\r\n " + line, "X: y\n" + line, "X: y\r" + line, ": x\r\n" + line, "X\r\n" + line,
        ])
    lines = [line]
    if plan("mp-dispositions"):
        other = plan.one("mp-dispositions", [
            'Content-Disposition: form-data; name="z"', 'content-disposition: form-data; name="z"; filename="a"',
            "Content-Disposition: form-data", 'Content-Disposition: attachment; filename="a"', "Content-Disposition:",
            'Content-Disposition : form-data; name="z"',
        ])
        lines.insert(plan.dice("mp-dispositions-at").randrange(2), other)
    if plan("mp-part-type"):
        kinds = [
            "text/plain", "text/plain; charset=utf-16le", "text/plain; charset=utf-7", "application/octet-stream",
            "application/json", "image/png", "text/plain; charset=utf-8", "TEXT/PLAIN", "multipart/mixed; boundary=z",
            "message/rfc822", "", "x", "text/plain; charset=ibm037", "text/plain; charset=x",
            "text/plain; charset=iso-8859-1", "application/x-www-form-urlencoded", "text/plain; charset",
            "application/octet-stream; charset=utf-16be", "text/plain\r\nContent-Type: image/png",
            "text/html; charset=\"utf-16\"",
        ]
        lines.append("Content-Type: " + plan.one("mp-part-type", kinds))
    return lines
