"""Neutral events in the shape of each platform.

A neutral event is a dictionary: `t` (seconds after the epoch of a case), `ls` (the log source's key)
and the fields of the taxonomy. The shapes are written from the products' documentation, on purpose
without looking at the project's own mappings, so that a wrong mapping shows.
"""

import datetime
import json

EPOCH = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)

SYSMON = "Microsoft-Windows-Sysmon/Operational"
WINDOWS = {
    "windows/process_creation": (SYSMON, 1),
    "windows/file_change": (SYSMON, 2),
    "windows/network_connection": (SYSMON, 3),
    "windows/driver_load": (SYSMON, 6),
    "windows/image_load": (SYSMON, 7),
    "windows/create_remote_thread": (SYSMON, 8),
    "windows/process_access": (SYSMON, 10),
    "windows/file_event": (SYSMON, 11),
    "windows/registry_add": (SYSMON, 12),
    "windows/registry_delete": (SYSMON, 12),
    "windows/registry_set": (SYSMON, 13),
    "windows/registry_event": (SYSMON, 13),
    "windows/create_stream_hash": (SYSMON, 15),
    "windows/wmi_event": (SYSMON, 20),
    "windows/dns_query": (SYSMON, 22),
    "windows/service:security": ("Security", None),
    "windows/service:system": ("System", None),
}


def moment(event):
    return EPOCH + datetime.timedelta(milliseconds=round(event["t"] * 1000))


def iso(event):
    return moment(event).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def fields(event):
    return {name: value for name, value in event.items() if name not in ("t", "ls")}


def split_key(key):
    """`windows/service:security` → the logsource object of a Sigma rule."""
    product, *rest = key.split("/")
    source = {"product": product}
    for part in rest:
        if part.startswith("service:"):
            source["service"] = part.removeprefix("service:")
        else:
            source["category"] = part
    return source


def neutral(number, event):
    """What Sigweave's engine reads."""
    return {"logsource": split_key(event["ls"]), "@timestamp": iso(event), **fields(event)}


def splunk(number, event):
    shaped = {"_time": moment(event).timestamp(), "id": number}
    key = event["ls"]
    if key in WINDOWS:
        channel, code = WINDOWS[key]
        code = code if code is not None else event["EventID"]
        shaped |= {
            "source": f"XmlWinEventLog:{channel}",
            "sourcetype": "XmlWinEventLog",
            "Channel": channel,
            "EventCode": code,
            "EventID": code,
        }
    elif key.startswith("zeek/"):
        log = split_key(key)["service"]
        shaped |= {"source": f"{log}.log", "sourcetype": f"zeek:{log}:json"}
    for name, value in fields(event).items():
        if isinstance(value, bool):
            value = str(value).lower()
        many = isinstance(value, list)
        shaped[name + "{}" if many else name] = value
    shaped["_raw"] = " ".join(f"{name}={value}" for name, value in shaped.items() if value is not None)
    return shaped


HIVES = [("HKLM\\", "HKEY_LOCAL_MACHINE\\"), ("HKU\\", "HKEY_USERS\\"), ("HKCR\\", "HKEY_CLASSES_ROOT\\")]


def registry(target):
    for short, long in HIVES:
        if target.upper().startswith(short):
            target = long + target[len(short):]
    current = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\"
    if target.upper().startswith(current.upper()):
        target = "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\" + target[len(current):]
    key, _, value = target.rpartition("\\")
    return key, "" if value == "(Default)" else value


def registry_data(details):
    """Sysmon's `DWORD (0x0000000a)` is type Dword, data 10."""
    if details is None:
        return {}
    if details.startswith("DWORD (0x"):
        number = int(details.removeprefix("DWORD (0x").removesuffix(")"), 16)
        return {"RegistryValueType": "Dword", "RegistryValueData": str(number)}
    if details == "Binary Data":
        return {"RegistryValueType": "Binary", "RegistryValueData": "AQI="}
    return {"RegistryValueType": "String", "RegistryValueData": details}


def account(user, prefix):
    domain, _, name = (user or "").rpartition("\\")
    return {f"{prefix}AccountDomain": domain, f"{prefix}AccountName": name}


def xdr(number, event):
    """Table and row of Defender XDR, or nothing if it has no such events."""
    key, source = event["ls"], fields(event)
    row = {"Timestamp": iso(event), "ReportId": number}
    if "Computer" in source:
        row |= {"DeviceName": source["Computer"], "DeviceId": source["Computer"] and "id-" + source["Computer"]}
    image = source.get("Image")
    name = (image or "").rpartition("\\")[2]
    process = {"InitiatingProcessFolderPath": image, "InitiatingProcessFileName": name}
    process |= {"InitiatingProcessId": source.get("ProcessId")}
    if "User" in source:
        process |= account(source["User"], "InitiatingProcess")
    if key in ("windows/registry_set", "windows/registry_event"):
        path, value = registry(source.get("TargetObject") or "")
        row |= {"ActionType": "RegistryValueSet", "RegistryKey": path, "RegistryValueName": value}
        row |= {**registry_data(source.get("Details")), **process}
        return "DeviceRegistryEvents", row
    if key == "windows/image_load":
        path = source.get("ImageLoaded") or ""
        row |= {"ActionType": "ImageLoaded", "FolderPath": path, "FileName": path.rpartition("\\")[2], **process}
        row["SHA1"] = f"{number:040x}"
        return "DeviceImageLoadEvents", row
    if key == "windows/file_event":
        path = source.get("TargetFilename") or ""
        row |= {"ActionType": "FileCreated", "FolderPath": path, "FileName": path.rpartition("\\")[2], **process}
        return "DeviceFileEvents", row
    if key == "windows/process_creation":
        parent = source.get("ParentImage")
        row |= {"ActionType": "ProcessCreated", "FolderPath": image, "FileName": name}
        row |= {"ProcessCommandLine": source.get("CommandLine"), "InitiatingProcessFolderPath": parent}
        row |= {"InitiatingProcessCommandLine": source.get("ParentCommandLine"), "ProcessId": source.get("ProcessId")}
        row |= {"ProcessVersionInfoOriginalFileName": source.get("OriginalFileName")}
        row |= {"ProcessIntegrityLevel": source.get("IntegrityLevel")}
        if "User" in source:
            row |= account(source["User"], "")
        return "DeviceProcessEvents", row
    if key == "windows/network_connection":
        outbound = str(source.get("Initiated", True)).lower() == "true"
        near, far = ("Local", "Remote") if outbound else ("Remote", "Local")
        row |= {"ActionType": "ConnectionSuccess" if outbound else "InboundConnectionAccepted", **process}
        row |= {f"{far}IP": source.get("DestinationIp"), f"{far}Port": source.get("DestinationPort")}
        row |= {f"{near}IP": source.get("SourceIp"), f"{near}Port": source.get("SourcePort")}
        row |= {"RemoteUrl": source.get("DestinationHostname")}
        return "DeviceNetworkEvents", row
    if key == "windows/dns_query":
        asked = {"DnsQueryString": source["QueryName"]} if source.get("QueryName") else {}
        row |= {"ActionType": "DnsQueryResponse", "AdditionalFields": json.dumps(asked), **process}
        return "DeviceEvents", row
    return None, None


def certificates(number, event):
    """Rows of Defender's table of certificates: an old one with another answer, and the one that counts."""
    if event["ls"] != "windows/image_load" or event.get("Signed") is None:
        return
    signed = str(event["Signed"]).lower() == "true"
    head = {"DeviceId": "any", "DeviceName": "any", "ReportId": number, "SHA1": f"{number:040x}"}
    old = {"Timestamp": "2026-02-01T00:00:00.000Z", "IsSigned": not signed, "IsTrusted": not signed, "Signer": "Old"}
    trusted = signed and event.get("SignatureStatus", "Valid") == "Valid"
    new = {"Timestamp": iso(event), "IsSigned": signed, "IsTrusted": trusted, "Signer": event.get("Signature")}
    yield head | new
    yield head | old


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, list) else str(value)


def winlogbeat(number, event):
    key, source = event["ls"], fields(event)
    document = {"_id": str(number), "@timestamp": iso(event)}
    if key in WINDOWS:
        channel, code = WINDOWS[key]
        code = code if code is not None else source["EventID"]
        computer = source.pop("Computer", None)
        provider = source.pop("Provider_Name", None)
        source.pop("EventID", None)
        document |= {
            "event": {"code": str(code), "kind": "event", "provider": provider},
            "host": {"name": computer},
            "winlog": {
                "channel": channel,
                "computer_name": computer,
                "event_id": str(code),
                "provider_name": provider,
                "event_data": {name: text(value) for name, value in source.items()},
            },
        }
        ends = {"destination": ("DestinationIp", "DestinationPort"), "source": ("SourceIp", "SourcePort")}
        for end, (address, port) in ends.items():
            if channel == SYSMON and (address in source or port in source):
                document[end] = {"ip": source.get(address), "port": source.get(port)}
        return document
    if key.startswith("zeek/"):
        log = split_key(key)["service"]
        document |= {"event": {"dataset": f"zeek.{log}", "module": "zeek"}, "zeek": {log: {}}}
        for end, letter in (("source", "orig"), ("destination", "resp")):
            address, port = source.get(f"id.{letter}_h"), source.get(f"id.{letter}_p")
            if address is not None or port is not None:
                document[end] = {"ip": address, "port": port, "address": address}
        if log == "ssl":
            document["zeek"]["ssl"] = {
                "established": source.get("established"),
                "resumed": source.get("resumed"),
                "version": source.get("version"),
                "cipher": source.get("cipher"),
                "server": {"name": source.get("server_name")},
                "validation": {"status": source.get("validation_status")},
            }
        if log == "dns":
            document["zeek"]["dns"] = {name: source.get(name) for name in ("query", "answers", "qtype_name", "rcode_name")}
        if log == "http":
            document |= {
                "url": {"original": source.get("uri"), "domain": source.get("host")},
                "user_agent": {"original": source.get("user_agent")},
                "http": {
                    "request": {"method": source.get("method")},
                    "response": {"status_code": source.get("status_code")},
                },
            }
        return document
    return None


# Columns of SecurityEvent that are numbers; all other data are text.
SECURITY_NUMBERS = {"LogonType", "KeyLength", "ServiceStartType"}


def sentinel(number, event):
    """Table and row of Microsoft Sentinel, or nothing if it has no such events."""
    key, source = event["ls"], fields(event)
    if key not in WINDOWS:
        return None, None
    channel, code = WINDOWS[key]
    row = {
        "TimeGenerated": iso(event),
        "Computer": source.pop("Computer", None),
        "Channel": channel,
        "EventID": source.pop("EventID", None) if code is None else code,
        "EventRecordId": str(number),
    }
    provider = source.pop("Provider_Name", None)
    if channel == "Security":
        data = {name: value if name in SECURITY_NUMBERS else text(value) for name, value in source.items()}
        return "SecurityEvent", row | {"EventSourceName": provider} | data
    data = {name: text(value) for name, value in source.items() if value is not None}
    return "WindowsEvent", row | {"Provider": provider, "EventData": data}


def asim(number, event):
    """Parser and row of Sentinel's information model, or nothing if it has no such events."""
    key, source = event["ls"], fields(event)
    row = {"TimeGenerated": iso(event), "DvcHostname": source.get("Computer"), "Dvc": source.get("Computer")}
    row |= {"EventUid": str(number), "EventCount": 1}
    actor = {"ActingProcessName": source.get("Image"), "ActingProcessId": text(source.get("ProcessId")),
             "ActorUsername": source.get("User"), "ActorUsernameType": "Windows" if source.get("User") else None}
    if key == "windows/process_creation":
        return "imProcessCreate", row | {
            "EventType": "ProcessCreated",
            "TargetProcessName": source.get("Image"),
            "TargetProcessId": text(source.get("ProcessId")),
            "TargetProcessCommandLine": source.get("CommandLine"),
            "TargetProcessIntegrityLevel": source.get("IntegrityLevel"),
            "TargetProcessFileOriginalName": source.get("OriginalFileName"),
            "TargetProcessCurrentDirectory": source.get("CurrentDirectory"),
            "TargetUsername": source.get("User"),
            "TargetUsernameType": "Windows" if source.get("User") else None,
            "ActingProcessName": source.get("ParentImage"),
            "ActingProcessCommandLine": source.get("ParentCommandLine"),
        }
    if key == "windows/registry_set":
        path, value = registry(source.get("TargetObject") or "")
        number_data = str(source.get("Details")).startswith("DWORD")
        return "imRegistry", row | actor | {
            "EventType": "RegistryValueSet",
            "RegistryKey": path,
            "RegistryValue": value,
            "RegistryValueType": "Reg_DWord" if number_data else "Reg_Sz",
            "RegistryValueData": text(source.get("Details")),
        }
    if key == "windows/file_event":
        return "imFileEvent", row | actor | {"EventType": "FileCreated", "TargetFilePath": source.get("TargetFilename")}
    if key == "windows/network_connection":
        outbound = str(source.get("Initiated", True)).lower() == "true"
        side = "Src" if outbound else "Dst"
        return "imNetworkSession", row | {
            "EventType": "EndpointNetworkSession",
            "NetworkDirection": "Outbound" if outbound else "Inbound",
            "NetworkProtocol": source.get("Protocol", "tcp").upper(),
            f"{side}ProcessName": source.get("Image"),
            "SrcIpAddr": source.get("SourceIp"),
            "SrcPortNumber": source.get("SourcePort"),
            "DstIpAddr": source.get("DestinationIp"),
            "DstPortNumber": source.get("DestinationPort"),
            "DstHostname": source.get("DestinationHostname"),
        }
    if key == "windows/dns_query":
        return "_Im_Dns", row | {
            "EventType": "Query",
            "EventProduct": "Sysmon",
            "DnsQuery": source.get("QueryName"),
            "SrcProcessName": source.get("Image"),
            "SrcProcessId": text(source.get("ProcessId")),
        }
    return None, None


DEFEND = {
    "windows/process_creation": ("process", "start", "start"),
    "windows/file_event": ("file", "creation", "creation"),
    "windows/registry_set": ("registry", "modification", "change"),
    "windows/image_load": ("library", "load", "start"),
    "windows/driver_load": ("driver", "load", "start"),
    "windows/dns_query": ("network", "lookup_requested", "start"),
    "windows/network_connection": ("network", "connection_attempted", "start"),
}


def defend(number, event):
    """A document of Elastic Defend, after the sample events of its package; nothing if it has no such events."""
    key, source = event["ls"], fields(event)
    if key not in DEFEND:
        return None
    category, action, kind = DEFEND[key]
    if str(source.get("Initiated", True)).lower() != "true":
        action = "connection_accepted"
    dataset = {"driver": "library"}.get(category, category)
    domain, _, user = (source.get("User") or "").rpartition("\\")
    image = source.get("Image")
    document = {
        "_id": str(number),
        "@timestamp": iso(event),
        "agent": {"type": "endpoint"},
        "data_stream": {"dataset": f"endpoint.events.{dataset}"},
        "event": {"id": f"e{number}", "kind": "event", "module": "endpoint", "category": [category], "type": [kind],
                  "action": action, "dataset": f"endpoint.events.{dataset}"},
        "host": {"name": source.get("Computer"), "hostname": source.get("Computer"), "os": {"type": "windows"}},
        "user": {"domain": domain or None, "name": user or None},
        "process": {"executable": image, "name": image and image.rpartition("\\")[2], "pid": source.get("ProcessId"),
                    "entity_id": source.get("ProcessGuid")},
    }
    if category == "process":
        document["process"] |= {
            "command_line": source.get("CommandLine"),
            "working_directory": source.get("CurrentDirectory"),
            "pe": {"original_file_name": source.get("OriginalFileName")},
            "parent": {"executable": source.get("ParentImage"), "command_line": source.get("ParentCommandLine"),
                       "pid": source.get("ParentProcessId")},
            "Ext": {"token": {"integrity_level_name": source.get("IntegrityLevel", "").lower() or None}},
        }
    if category == "file":
        document["file"] = {"path": source.get("TargetFilename")}
    if category == "registry":
        document["registry"] = defend_registry(source.get("TargetObject") or "", source.get("Details"))
    if dataset == "library":
        signed = source.get("Signed")
        status = {"Valid": "trusted", "Expired": "errorExpired", "Revoked": "errorRevoked", "Unavailable": None}
        document["dll"] = {"path": source.get("ImageLoaded"), "code_signature": {
            "exists": None if signed is None else str(signed).lower() == "true",
            "subject_name": source.get("Signature"),
            "status": status.get(source.get("SignatureStatus")),
        }}
    if key == "windows/dns_query":
        document["dns"] = {"question": {"name": source.get("QueryName"), "type": "A"}}
    if key == "windows/network_connection":
        document["source"] = {"ip": source.get("SourceIp"), "port": source.get("SourcePort")}
        document["destination"] = {"ip": source.get("DestinationIp"), "port": source.get("DestinationPort")}
        document["network"] = {"transport": source.get("Protocol", "tcp")}
    return document


def defend_registry(target, details):
    """Hives are abbreviated but for those of users, control sets numbered, default values without a name."""
    hive, _, rest = target.partition("\\")
    hive = {"HKU": "HKEY_USERS"}.get(hive.upper(), hive)
    if rest.upper().startswith("SYSTEM\\CURRENTCONTROLSET\\"):
        rest = "SYSTEM\\ControlSet001\\" + rest.split("\\", 2)[2]
    key, _, value = rest.rpartition("\\")
    value = "" if value == "(Default)" else value
    number = str(details).startswith("DWORD (0x")
    data = {"type": "REG_DWORD" if number else "REG_SZ"}
    if details is not None:
        data["strings"] = [str(int(details[9:-1], 16)) if number else str(details)]
    return {"hive": hive, "key": key, "value": value, "path": f"{hive}\\{key}\\{value}", "data": data}


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value
