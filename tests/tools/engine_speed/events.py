#!/usr/bin/env python3
"""Writes Sysmon events of about 2 kB, one JSON object per line: `events.py COUNT > FILE`.

The events are flat, since not every engine reads Windows' nested form, and carry product, category
and service, by which rsigma routes them. Values are drawn from what quiet workstations write, with
a fixed seed: programs, paths, command lines of 60 to 700 characters, registry keys. Like those that
Windows renders, each has a `Message` that says it all again; it is cut or filled to reach 2 kB.
"""

import json
import random
import sys

BYTES = 2_000
START = 1_763_683_200  # 2025-11-21T00:00:00Z
SHARES = {
    "process_creation": 30,
    "image_load": 20,
    "registry_set": 20,
    "file_event": 15,
    "network_connection": 10,
    "dns_query": 5,
}
IDS = {
    "process_creation": 1,
    "network_connection": 3,
    "image_load": 7,
    "file_event": 11,
    "registry_set": 13,
    "dns_query": 22,
}
# Programs, what usually starts them, and how; `None`: words at random.
PROGRAMS = [
    (r"C:\Windows\System32\svchost.exe", r"C:\Windows\System32\services.exe", "-k netsvcs -p -s Schedule"),
    (r"C:\Windows\System32\conhost.exe", r"C:\Windows\System32\cmd.exe", "0xffffffff -ForceV1"),
    (r"C:\Windows\System32\RuntimeBroker.exe", r"C:\Windows\System32\svchost.exe", "-Embedding"),
    (r"C:\Windows\System32\taskhostw.exe", r"C:\Windows\System32\svchost.exe", "SYSTEM"),
    (r"C:\Windows\System32\dllhost.exe", r"C:\Windows\System32\svchost.exe", "/Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}"),
    (r"C:\Windows\System32\cmd.exe", r"C:\Windows\explorer.exe", None),
    (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", r"C:\Windows\explorer.exe", None),
    (r"C:\Windows\System32\rundll32.exe", r"C:\Windows\explorer.exe", r"C:\Windows\System32\shell32.dll,OpenAs_RunDLL"),
    (r"C:\Windows\System32\wbem\WmiPrvSE.exe", r"C:\Windows\System32\svchost.exe", "-secured -Embedding"),
    (r"C:\Windows\System32\msiexec.exe", r"C:\Windows\System32\services.exe", "/V"),
    (r"C:\Windows\System32\SearchProtocolHost.exe", r"C:\Windows\System32\SearchIndexer.exe", "Global\\UsGthrFltPipeMssGthrPipe1 1 -2147483646"),
    (r"C:\Windows\System32\net.exe", r"C:\Windows\System32\cmd.exe", "statistics workstation"),
    (r"C:\Windows\System32\reg.exe", r"C:\Windows\System32\cmd.exe", r"query HKLM\SOFTWARE\Vendor\Agent"),
    (r"C:\Windows\explorer.exe", r"C:\Windows\System32\userinit.exe", ""),
    (r"C:\Program Files\Google\Chrome\Application\chrome.exe", r"C:\Program Files\Google\Chrome\Application\chrome.exe", None),
    (r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe", r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe", None),
    (r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE", r"C:\Windows\explorer.exe", ""),
    (r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE", r"C:\Windows\explorer.exe", "/dde"),
    (r"C:\Program Files\Git\cmd\git.exe", r"C:\Program Files\Microsoft VS Code\Code.exe", None),
    (r"C:\Program Files\Vendor Agent\agent.exe", r"C:\Windows\System32\services.exe", None),
    (r"C:\Users\bob\AppData\Local\slack\app-4.36.140\slack.exe", r"C:\Users\bob\AppData\Local\slack\app-4.36.140\slack.exe", None),
    (r"C:\Python312\python.exe", r"C:\Windows\System32\cmd.exe", None),
]
WORDS = """--type=renderer --field-trial-handle=1716,i,1284 -k netsvcs -p -s Schedule echo build
--enable-features=NetworkService --lang=en-US install --quiet config.json status --porcelain fetch
origin main -Embedding /V query state= all index.js
--max-old-space-size=4096 D:\\work\\project\\src\\main.rs C:\\ProgramData\\Vendor\\cache\\data.bin
--mojo-platform-channel-handle=2216 --user-data-dir=C:\\Users\\alice\\AppData\\Local\\Temp\\profile
/Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5} requirements.txt
--device-scale-factor=1.25 --renderer-client-id=58 --launch-time-ticks=91823771 tests\\unit""".split()
LIBRARIES = """kernel32.dll ntdll.dll user32.dll combase.dll bcrypt.dll ws2_32.dll wininet.dll
bcryptprimitives.dll sechost.dll rpcrt4.dll shlwapi.dll vendor.core.dll""".split()
KEYS = r"""HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\FileExts\.log
HKLM\System\CurrentControlSet\Services\bam\State\UserSettings
HKU\S-1-5-21-1004336348-1177238915-682003330-1001\Software\Microsoft\Office\16.0\Common
HKLM\SOFTWARE\Classes\CLSID\{0F87369F-A4E5-4CFC-BD3E-73E6154572DD}\InprocServer32
HKCU\Software\Microsoft\Windows\CurrentVersion\Applets\Regedit
HKLM\SOFTWARE\Vendor\Agent\State""".split("\n")
ENDS = ".tmp .log .json .etl .dat .db-journal .png .lnk .xml .js .pf .docx".split()
HOSTS = "update.example cdn.vendor.example login.corp.example files.corp.example".split()


def command(rng, program):
    given = next(words for image, _, words in PROGRAMS if image == program)
    words = rng.choices(WORDS, k=rng.randint(1, 24)) if given is None else [given]
    return " ".join([f'"{program}"'] + words)


def hashes(rng):
    sizes = {"SHA1": 40, "MD5": 32, "SHA256": 64, "IMPHASH": 32}
    return ",".join(f"{name}={rng.getrandbits(4 * size):0{size}X}" for name, size in sizes.items())


def guid(rng):
    return "{%08X-%04X-69C9-8C00-000000000D00}" % (rng.getrandbits(32), rng.getrandbits(16))


def signed(rng, path):
    return {
        "FileVersion": "10.0.19041.3636 (WinBuild.160101.0800)",
        "Description": "Host Process",
        "Product": "Microsoft Windows Operating System",
        "Company": "Microsoft Corporation",
        "OriginalFileName": path.rsplit("\\", 1)[-1],
        "Hashes": hashes(rng),
    }


def specifics(rng, category, image):
    folder = rng.choice([r"C:\Users\alice\AppData\Local\Temp", r"C:\ProgramData\Vendor", r"D:\work"])
    if category == "process_creation":
        parent = next(parent for program, parent, _ in PROGRAMS if program == image)
        return signed(rng, image) | {
            "CommandLine": command(rng, image),
            "CurrentDirectory": folder + "\\",
            "LogonId": hex(rng.getrandbits(24)),
            "IntegrityLevel": rng.choice(["Medium", "High", "System"]),
            "ParentProcessGuid": guid(rng),
            "ParentProcessId": rng.randint(4, 20_000),
            "ParentImage": parent,
            "ParentCommandLine": " ".join([f'"{parent}"'] + rng.choices(WORDS, k=rng.randint(0, 9))),
            "ParentUser": r"CORP\alice",
        }
    if category == "image_load":
        loaded = "C:\\Windows\\System32\\" + rng.choice(LIBRARIES)
        state = {"Signed": "true", "Signature": "Microsoft Windows", "SignatureStatus": "Valid"}
        return {"ImageLoaded": loaded} | signed(rng, loaded) | state
    if category == "registry_set":
        key = f"{rng.choice(KEYS)}\\Value{rng.randint(0, 999)}"
        details = rng.choice(["DWORD (0x00000001)", "Binary Data", folder, command(rng, image)])
        return {"EventType": "SetValue", "TargetObject": key, "Details": details}
    if category == "file_event":
        name = f"{folder}\\{rng.getrandbits(48):x}{rng.choice(ENDS)}"
        return {"TargetFilename": name, "CreationUtcTime": "2025-11-20 08:00:00.000"}
    if category == "network_connection":
        return {
            "Protocol": "tcp",
            "Initiated": rng.choice(["true", "false"]),
            "SourceIp": f"10.0.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
            "SourcePort": rng.randint(1_024, 65_535),
            "DestinationIp": f"93.184.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
            "DestinationHostname": rng.choice(HOSTS),
            "DestinationPort": rng.choice([80, 443, 443, 443]),
        }
    return {
        "QueryName": rng.choice(HOSTS),
        "QueryStatus": "0",
        "QueryResults": "::ffff:93.184.216.34;",
    }


def event(rng, number):
    category = rng.choices(list(SHARES), list(SHARES.values()))[0]
    image, _, _ = rng.choice(PROGRAMS)
    second = number // 200
    clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{number % 200 * 5:03}"
    date = f"2025-11-{21 + second // 86_400:02}"
    found = {
        "product": "windows",
        "service": "sysmon",
        "category": category,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "EventID": IDS[category],
        "EventRecordID": number,
        "Computer": f"ws{rng.randint(1, 50):02}.corp.example",
        "UtcTime": f"{date} {clock}",
        "ProcessGuid": guid(rng),
        "ProcessId": rng.randint(4, 20_000),
        "Image": image,
        "User": rng.choice([r"CORP\alice", r"CORP\bob", r"NT AUTHORITY\SYSTEM"]),
    } | specifics(rng, category, image)
    message = "\r\n".join(f"{name}: {value}" for name, value in found.items())
    room = BYTES - len(json.dumps(found | {"Message": ""}))
    text = (message * (room // len(message) + 1))[: max(room, 0)]
    return found | {"Message": text}


def main():
    rng = random.Random(20_251_121)
    for number in range(int(sys.argv[1])):
        sys.stdout.write(json.dumps(event(rng, number)) + "\n")


if __name__ == "__main__":
    main()
