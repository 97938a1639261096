"""What products store of a neutral event, beyond the shapes of the differential harness.

Written from the products' documentation: Microsoft's table references and ASIM schemas, Elastic's exported
fields, the add-ons' documentation. A shape yields (table or index, row) pairs.
"""

import json
import pathlib
import re

import shapes
from shapes import SYSMON, fields, iso, moment

CHANNELS = {
    "application": "Application", "system": "System", "security": "Security",
    "appmodel-runtime": "Microsoft-Windows-AppModel-Runtime/Admin",
    "appxdeployment-server": "Microsoft-Windows-AppXDeploymentServer/Operational",
    "appxpackaging-om": "Microsoft-Windows-AppxPackaging/Operational",
    "bits-client": "Microsoft-Windows-Bits-Client/Operational", "capi2": "Microsoft-Windows-CAPI2/Operational",
    "codeintegrity-operational": "Microsoft-Windows-CodeIntegrity/Operational",
    "diagnosis-scripted": "Microsoft-Windows-Diagnosis-Scripted/Operational",
    "dns-client": "Microsoft-Windows-DNS Client Events/Operational", "dns-server": "DNS Server",
    "dns-server-analytic": "Microsoft-Windows-DNS-Server/Analytical",
    "driver-framework": "Microsoft-Windows-DriverFrameworks-UserMode/Operational",
    "firewall-as": "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
    "iis-configuration": "Microsoft-IIS-Configuration/Operational", "ldap": "Microsoft-Windows-LDAP-Client/Debug",
    "lsa-server": "Microsoft-Windows-LSA/Operational", "ntlm": "Microsoft-Windows-NTLM/Operational",
    "openssh": "OpenSSH/Operational", "powershell": "Microsoft-Windows-PowerShell/Operational",
    "powershell-classic": "Windows PowerShell", "microsoft-servicebus-client": "Microsoft-ServiceBus-Client",
    "msexchange-management": "MSExchange Management",
    "security-mitigations": "Microsoft-Windows-Security-Mitigations/KernelMode",
    "shell-core": "Microsoft-Windows-Shell-Core/Operational",
    "smbclient-connectivity": "Microsoft-Windows-SmbClient/Connectivity",
    "smbclient-security": "Microsoft-Windows-SmbClient/Security",
    "smbserver-connectivity": "Microsoft-Windows-SMBServer/Connectivity",
    "taskscheduler": "Microsoft-Windows-TaskScheduler/Operational", "sysmon": SYSMON,
    "wmi": "Microsoft-Windows-WMI-Activity/Operational", "applocker": "Microsoft-Windows-AppLocker/EXE and DLL",
    "windefend": "Microsoft-Windows-Windows Defender/Operational",
    "printservice-admin": "Microsoft-Windows-PrintService/Admin",
    "printservice-operational": "Microsoft-Windows-PrintService/Operational",
    "terminalservices-localsessionmanager": "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    "certificateservicesclient-lifecycle-system":
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
    "certificateservicesclient-lifecycle-user":
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-User/Operational",
}  # fmt: skip
SYSMON_EVENTS = {
    "sysmon_status": 4, "process_termination": 5, "raw_access_thread": 9, "registry_rename": 14, "pipe_created": 17,
    "file_delete": 23, "clipboard_capture": 24, "process_tampering": 25, "file_block_executable": 27,
    "file_block_shredding": 28, "file_executable_detected": 29, "sysmon_error": 255,
}  # fmt: skip
USER_DATA = {"applocker", "printservice-admin", "printservice-operational", "terminalservices-localsessionmanager", "wmi"}
shapes.WINDOWS |= {f"windows/{name}": (SYSMON, code) for name, code in SYSMON_EVENTS.items()}
shapes.WINDOWS |= {f"windows/service:{name}": (channel, None) for name, channel in CHANNELS.items()}
shapes.WINDOWS |= {
    "windows/ps_script": (CHANNELS["powershell"], 4104),
    "windows/ps_module": (CHANNELS["powershell"], 4103),
    "windows": ("Application", None),
}  # fmt: skip
HEAD = ("Version", "EventRecordID", "Security_UserID", "Channel", "TimeCreated", "Keywords", "Level", "Opcode", "Task", "Message", "Data")
REGISTRY = {"windows/registry_add": "CreateKey", "windows/registry_delete": "DeleteValue"}


def told(event):
    """The event with what its log source makes of some of its fields."""
    event = dict(event)
    if event["ls"] in REGISTRY:
        event["EventType"] = REGISTRY[event["ls"]]
    if event["ls"] in shapes.WINDOWS and shapes.WINDOWS[event["ls"]][1] is None:
        event["EventID"] = event.get("EventID", 42)
    return event


def without_head(event):
    """The event's data only: the name `Version` is that of Sysmon, too."""
    of_sysmon = event["ls"] == "windows/sysmon_status"
    return {n: v for n, v in event.items() if n not in HEAD or (of_sysmon and n == "Version")}


def splunk(number, event):
    key, event = event["ls"], told(event)
    if key in SPLUNK:
        row = {"_time": moment(event).timestamp(), **SPLUNK[key]}
        if "*" in row:
            del row["*"]
            row |= {n: str(v) for n, v in fields(event).items()}
        yield None, row
    elif key in shapes.WINDOWS or key.startswith("zeek/"):
        row = shapes.splunk(number, event)
        row.pop("_raw")
        row |= {"EventRecordID": "7", "Name": "Provider", "UserID": "S-1-5-18", "SystemTime": iso(event), "Version": "5",
                "Level": "4", "Keywords": "0x80", "Opcode": "0", "Task": "1"} if key in shapes.WINDOWS else {}
        row |= {"IMPHASH": "d" * 32, "MD5": "a" * 32, "SHA1": "b" * 40, "SHA256": "c" * 64} if "Sysmon" in row["source"] else {}
        if "UserData" in event:
            row["UserData_Xml"] = "<UserData/>"
        if key.endswith("windefend"):
            # Blanks in the names of this log's data, such as `Threat Name`, become `_`.
            row |= {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", n): v for n, v in row.items()}
        yield None, row
    elif key.startswith("linux/") and "service" not in key:
        code = {"process_creation": 1, "file_event": 11}.get(key.removeprefix("linux/"))
        if code:
            yield None, {"_time": 0.0, "source": "Syslog:Linux-Sysmon/Operational", "sourcetype": "sysmon:linux",
                         "EventCode": code, **{n: str(v) for n, v in fields(event).items()}}


SPLUNK_LINUX = {"source": "/var/log/secure", "sourcetype": "linux_secure", "process": "sshd"}
SPLUNK_WEB = {
    "source": "/var/log/httpd/access_log", "sourcetype": "access_combined", "clientip": "192.0.2.7", "cookie": "a=b",
    "method": "GET", "referer": "https://example.org/", "useragent": "curl/8", "uri_query": "?q=1", "uri_path": "/a",
    "user": "alice", "version": "HTTP/1.1", "bytes": "512", "status": "200", "uri": "/a?q=1",
}  # fmt: skip
SPLUNK = {
    "aws/service:cloudtrail": {"sourcetype": "aws:cloudtrail", "*": True},
    "m365/service:audit": {"sourcetype": "o365:management:activity", "*": True},
    "github/service:audit": {"sourcetype": "github:cloud:audit", "*": True},
    "okta/service:okta": {"sourcetype": "OktaIM2:log", "*": True},
    "gcp/service:gcp.audit": {"sourcetype": "google:gcp:pubsub:message", "*": True},
    "linux/service:auditd": {"sourcetype": "linux:audit", "*": True},
    "kubernetes/service:audit": {"source": "kubernetes", "*": True},
    "kubernetes/application/service:audit": {"source": "kubernetes", "*": True},
    "azure/service:auditlogs": {
        "sourcetype": "azure:monitor:aad", "category": "AuditLogs", "operationName": "Add member to role",
        "properties.activityDisplayName": "Add member to role", "properties.category": "RoleManagement",
        "properties.loggedByService": "Core Directory", "properties.result": "success",
    },
    "azure/service:signinlogs": {
        "sourcetype": "azure:monitor:aad", "category": "SignInLogs", "resultType": "0", "resultDescription": "ok",
        "properties.authenticationRequirement": "singleFactorAuthentication", "properties.clientAppUsed": "Browser",
        "properties.conditionalAccessStatus": "success", "properties.deviceDetail.deviceId": "d1",
        "properties.resourceDisplayName": "Office 365", "properties.riskState": "none", "properties.userAgent": "curl/8",
        "properties.userPrincipalName": "alice@example.org",
    },
    "azure/service:activitylogs": {
        "sourcetype": "mscs:azure:audit", "operationName.value": "MICROSOFT.KEYVAULT/VAULTS/DELETE",
        "properties.eventCategory": "Administrative", "resourceUri": "/subscriptions/1",
        "resourceProviderName.value": "Microsoft.KeyVault",
    },
    "category:webserver": SPLUNK_WEB, "service:apache": SPLUNK_WEB, "linux": SPLUNK_LINUX,
    **{f"linux/service:{name}": SPLUNK_LINUX for name in ("auth", "clamav", "cron", "guacamole", "sshd", "sudo", "syslog", "vsftpd")},
    **{f"cisco/service:{name}": {"source": "udp:514", "sourcetype": "cisco:ios"} for name in ("aaa", "bgp", "ldp", "syslog")},
}  # fmt: skip


def nested(names):
    """Members of members, from names with dots; what is inside of a text stays out."""
    inside = {}
    for name in sorted(names):
        *path, last = name.split(".")
        place = inside
        for step in path:
            if not isinstance(place.get(step), dict):
                place[step] = {}
            place = place[step]
        place[last] = names[name]
    return inside


def xdr(number, event):
    key, source = event["ls"], fields(event)
    system, _, category = key.partition("/")
    if system in ("linux", "macos") and "service" not in category:
        event = event | {"ls": f"windows/{category}"}
    table, row = shapes.xdr(number, event)
    device = {"Timestamp": iso(event), "ReportId": number, "DeviceName": "host.example.org", "DeviceId": "d1"}
    actor = {"InitiatingProcessFolderPath": "c:\\a.exe", "InitiatingProcessId": 7, "InitiatingProcessCommandLine": "a.exe",
             "InitiatingProcessIntegrityLevel": "High", "InitiatingProcessParentId": 5, "InitiatingProcessAccountDomain": "corp",
             "InitiatingProcessAccountName": "alice"}
    hashes = {"MD5": "a" * 32, "SHA1": "b" * 40, "SHA256": "c" * 64}
    if table == "DeviceProcessEvents":
        row |= {"ProcessVersionInfo" + name: "text" for name in ("CompanyName", "FileDescription", "OriginalFileName", "ProductName")}
    if table == "DeviceNetworkEvents":
        row["Protocol"] = "Tcp"
    if table is None:
        more = {
            "windows/driver_load": ("DeviceEvents", {"ActionType": "DriverLoad", "FolderPath": "c:\\a.sys"}),
            "windows/create_remote_thread": ("DeviceEvents", {"ActionType": "CreateRemoteThreadApiCall", "FolderPath": "c:\\b.exe",
                                                              "ProcessId": 9, "ProcessCommandLine": "b.exe"}),
            "windows/dns_query": ("DeviceEvents", {"ActionType": "DnsQueryResponse", "AdditionalFields": '{"DnsQueryString":"example.org"}'}),
            "windows/pipe_created": ("DeviceEvents", {"ActionType": "NamedPipeEvent", "AdditionalFields": '{"PipeName":"\\\\Device\\\\NamedPipe\\\\a"}'}),
            "windows/file_delete": ("DeviceFileEvents", {"ActionType": "FileDeleted", "FolderPath": "c:\\a.txt"}),
            "linux/file_delete": ("DeviceFileEvents", {"ActionType": "FileDeleted", "FolderPath": "/tmp/a"}),
            "windows/file_rename": ("DeviceFileEvents", {"ActionType": "FileRenamed", "FolderPath": "c:\\b.txt",
                                                         "PreviousFolderPath": "c:\\", "PreviousFileName": "a.txt"}),
            "windows/registry_add": ("DeviceRegistryEvents", {"ActionType": "RegistryKeyCreated", "RegistryKey": "HKEY_LOCAL_MACHINE\\SOFTWARE\\a"}),
            "windows/registry_delete": ("DeviceRegistryEvents", {"ActionType": "RegistryValueDeleted", "RegistryKey": "",
                                                                 "PreviousRegistryKey": "HKEY_LOCAL_MACHINE\\SOFTWARE\\a",
                                                                 "PreviousRegistryValueName": "b"}),
            "windows/registry_rename": ("DeviceRegistryEvents", {"ActionType": "RegistryKeyRenamed", "RegistryKey": "HKEY_LOCAL_MACHINE\\SOFTWARE\\b",
                                                                 "PreviousRegistryKey": "HKEY_LOCAL_MACHINE\\SOFTWARE\\a"}),
            "windows/process_access": ("DeviceEvents", {"ActionType": "OpenProcessApiCall", "FolderPath": "c:\\windows\\system32\\lsass.exe",
                                                        "ProcessId": 9, "AdditionalFields": '{"DesiredAccess":5136}'}),
            "aws/service:cloudtrail": ("CloudAppEvents", {"Application": "Amazon Web Services", "RawEventData": nested(source)}),
            "category:proxy": ("DeviceNetworkEvents", {"ActionType": "HttpConnectionInspected", "AdditionalFields": json.dumps({
                "direction": "Out", "host": "example.org", "method": "GET", "uri": "/a?b=c", "user_agent": "curl/8",
                "status_code": "200", "version": "1.1"})}),
            "category:dns": ("DeviceNetworkEvents", {"ActionType": "DnsConnectionInspected", "AdditionalFields": json.dumps({
                "direction": "Out", "query": "example.org", "qtype_name": "A", "answers": '["192.0.2.1"]'})}),
            "m365/service:audit": ("CloudAppEvents", {"Application": "Microsoft Exchange Online", "RawEventData": {"Operation": "New-InboxRule", "Workload": "Exchange",
                                                                       "ResultStatus": "True", "ObjectId": "a", "ApplicationId": "b"}}),
            "category:antivirus": ("DeviceEvents", {"ActionType": "AntivirusDetection", "FolderPath": "c:\\a.exe",
                                                    "AdditionalFields": '{"ThreatName":"Eicar"}'}),
        }  # fmt: skip
        if key not in more:
            return
        table, row = more[key]
    yield table, device | actor | hashes | {n: v for n, v in row.items() if v is not None}
    if key in ("windows/image_load", "windows/driver_load"):
        yield "DeviceFileCertificateInfo", {
            "Timestamp": iso(event), "ReportId": number, "DeviceId": "d1", "DeviceName": "host.example.org", "SHA1": "b" * 40,
            "IsSigned": True, "IsTrusted": True, "Signer": "Microsoft Windows", "IsRootSignerMicrosoft": True,
        }  # fmt: skip
    if category == "network_connection":
        yield table, device | actor | row | {"ActionType": "InboundConnectionAccepted"}
    if key == "windows/registry_event":
        renamed = {"ActionType": "RegistryKeyRenamed", "RegistryKey": "HKEY_USERS\\b", "PreviousRegistryKey": "HKEY_USERS\\a"}
        yield table, device | actor | renamed


SENTINEL = {
    "aws/service:cloudtrail": ("AWSCloudTrail", {
        "AwsEventId": "e1", "EventName": "CreateUser", "EventSource": "iam.amazonaws.com", "EventTypeName": "AwsApiCall",
        "ErrorCode": "AccessDenied", "ErrorMessage": "no", "SourceIpAddress": "192.0.2.7", "UserAgent": "curl/8",
        "UserIdentityArn": "arn:aws:iam::1:root", "UserIdentityType": "Root", "SessionIssuerType": "Role",
        "RequestParameters": '{"attribute":"userData","enable":false,"userName":"bob"}',
        "ResponseElements": '{"ConsoleLogin":"Success","publiclyAccessible":true}', "AdditionalEventData": '{"MFAUsed":"No"}',
    }),
    "azure/service:activitylogs": ("AzureActivity", {
        "CorrelationId": "c", "EventDataId": "e", "CategoryValue": "Administrative", "_ResourceId": "/subscriptions/1",
        "OperationNameValue": "MICROSOFT.KEYVAULT/VAULTS/DELETE", "ResourceProviderValue": "MICROSOFT.KEYVAULT",
    }),
    "azure/service:auditlogs": ("AuditLogs", {
        "Id": "1", "ActivityDisplayName": "Add member to role", "Category": "RoleManagement", "Result": "success",
        "LoggedByService": "Core Directory", "OperationName": "Add member to role",
    }),
    "azure/service:signinlogs": ("SigninLogs", {
        "Id": "1", "AuthenticationRequirement": "singleFactorAuthentication", "ClientAppUsed": "Browser", "ResultType": "0",
        "ConditionalAccessStatus": "success", "NetworkLocationDetails": "[]", "ResourceDisplayName": "Office 365",
        "DeviceDetail": {"deviceId": "d1", "isCompliant": "true", "trustType": "Azure AD joined"}, "RiskState": "none",
        "ResultDescription": "ok", "UserAgent": "curl/8", "UserPrincipalName": "alice@example.org",
    }),
    "azure/service:riskdetection": ("AADUserRiskEvents", {"Id": "1", "RiskEventType": "anonymizedIPAddress"}),
    "gcp/service:gcp.audit": ("GCPAuditLogs", {
        "InsertId": "1", "LogName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "MethodName": "v1.compute.a",
        "GCPResourceType": "gce_instance", "ServiceName": "compute.googleapis.com",
    }),
    "m365/service:audit": ("OfficeActivity", {
        "OfficeId": "1", "Operation": "New-InboxRule", "OfficeWorkload": "Exchange", "ResultStatus": "True",
        "OfficeObjectId": "a", "ApplicationId": "b",
    }),
    "category:dns": ("DnsEvents", {"SubType": "LookupQuery", "Name": "example.org", "QueryType": "A", "IPAddresses": "192.0.2.1",
                                   "ClientIP": "192.0.2.7"}),
    "category:proxy": ("CommonSecurityLog", {
        "RequestURL": "https://example.org/a", "RequestClientApplication": "curl/8", "RequestMethod": "GET",
        "DestinationHostName": "example.org", "SourceUserName": "alice", "RequestCookies": "a=b", "SentBytes": 1,
        "ReceivedBytes": 2, "SourceIP": "192.0.2.7", "DestinationIP": "192.0.2.1",
    }),
    "category:firewall": ("CommonSecurityLog", {
        "DeviceAction": "deny", "SourceIP": "192.0.2.7", "SourcePort": 50000, "DestinationIP": "192.0.2.1",
        "DestinationPort": 443, "SourceUserName": "alice",
    }),
    "category:webserver": ("W3CIISLog", {
        "cIP": "192.0.2.7", "csUserAgent": "curl/8", "csCookie": "a=b", "csHost": "example.org", "csMethod": "GET",
        "csReferer": "https://example.org/", "csUriQuery": "q=1", "csUriStem": "/a", "csUserName": "alice",
        "csVersion": "HTTP/1.1", "csBytes": 1, "scBytes": 2, "scStatus": "200", "scWin32Status": "0", "Computer": "web1",
        "sIP": "192.0.2.1", "sPort": 443, "sSiteName": "W3SVC1", "TimeTaken": 3,
    }),
}  # fmt: skip


def sentinel(number, event):
    key, event = event["ls"], told(event)
    if key in SENTINEL:
        table, row = SENTINEL[key]
        yield table, {"TimeGenerated": iso(event)} | row
    elif key.startswith(("linux/", "macos/")) or key == "category:antivirus":
        for table, row in xdr(number, event):
            yield table, row | {"TimeGenerated": iso(event)}
    else:
        event = without_head(event)
        table, row = shapes.sentinel(number, event)
        if table is None:
            return
        if key == "windows":
            yield "SecurityEvent", {"TimeGenerated": iso(event), "Computer": "host", "Channel": "Security", "EventID": 4688, "Version": 2,
                                    "EventRecordId": "7", "SystemUserId": "S-1-5-18", "EventSourceName": "Provider",
                                    "ProcessId": "0x1a4"}
        head = {"Version": 5, "EventRecordId": "7", "SystemUserId": "S-1-5-18", "Provider": "Provider", "EventSourceName": "Provider"}
        yield table, row | {n: v for n, v in head.items() if row.get(n) is None}


def asim(number, event):
    key, source = event["ls"], fields(event)
    head = {"TimeGenerated": iso(event), "DvcHostname": "host", "EventUid": "e", "EventOriginalUid": "o"}
    actor = {"ActingProcessName": "a.exe", "ActingProcessId": "7", "ActingProcessGuid": "g", "ActingProcessCommandLine": "a.exe",
             "ActorUsername": "CORP\\alice", "ActorUsernameType": "Windows"}
    system, _, category = key.partition("/")
    target = {"TargetProcess" + n: "text" for n in ("Guid", "CurrentDirectory", "FileCompany", "FileDescription", "FileVersion",
                                                    "FileOriginalName", "FileProduct", "IntegrityLevel")}
    target |= {"TargetProcessMD5": "a" * 32, "TargetProcessSHA1": "b" * 40, "TargetProcessSHA256": "c" * 64,
               "TargetProcessIMPHASH": "d" * 32, "ParentProcessId": "5"}
    file = {"TargetFilePath": "a.txt", "TargetFileMD5": "a" * 32, "TargetFileSHA1": "b" * 40, "TargetFileSHA256": "c" * 64}
    value = {"RegistryKey": "HKEY_LOCAL_MACHINE\\a", "RegistryValue": "b"}
    web = {"Url": "https://example.org/a", "HttpUserAgent": "curl/8", "HttpRequestMethod": "GET", "HttpReferrer": "https://example.org/",
           "HttpHost": "example.org", "SrcUsername": "alice", "HttpVersion": "1.1", "SrcBytes": 1, "DstBytes": 2,
           "EventResultDetails": "200", "SrcIpAddr": "192.0.2.7", "DstIpAddr": "192.0.2.1", "DstPortNumber": 443}
    dns = {"DnsQuery": "example.org", "DnsQueryTypeName": "A", "DnsResponseName": "192.0.2.1", "SrcIpAddr": "192.0.2.7"}
    more = {
        "windows/file_delete": ("imFileEvent", actor | file | {"EventType": "FileDeleted"}),
        "windows/file_rename": ("imFileEvent", actor | file | {"EventType": "FileRenamed", "SrcFilePath": "b.txt"}),
        "windows/registry_add": ("imRegistry", actor | value | {"EventType": "RegistryKeyCreated"}),
        "windows/registry_delete": ("imRegistry", actor | value | {"EventType": "RegistryValueDeleted"}),
        "windows/registry_event": ("imRegistry", actor | value | {"EventType": "RegistryValueSet", "RegistryValueType": "Reg_Sz",
                                                                  "RegistryValueData": "c"}),
        "windows/dns_query": ("_Im_Dns", dns | {"EventProduct": "Sysmon", "SrcProcessName": "a.exe", "SrcProcessId": "7"}),
        "category:dns": ("_Im_Dns", dns), "category:proxy": ("imWebSession", web | {"EventType": "HTTPsession"}),
        "category:webserver": ("imWebSession", web | {"EventType": "WebServerSession"}),
        "category:firewall": ("imNetworkSession", {"EventType": "NetworkSession", "SrcIpAddr": "192.0.2.7", "SrcPortNumber": 5,
                                                   "DstIpAddr": "192.0.2.1", "DstPortNumber": 443, "DvcAction": "Deny",
                                                   "SrcUsername": "alice"}),
    }  # fmt: skip
    if system == "linux" and category in ("process_creation", "file_event", "network_connection"):
        event = event | {"ls": f"windows/{category}"}
    table, row = more.get(key) or shapes.asim(number, event)
    if table is None:
        return
    if table == "imProcessCreate":
        row = target | row | {n: actor[n] for n in actor if n not in row} | {n: row.get(n) or target[n] for n in target}
    if table == "imFileEvent":
        row = actor | file | row
    if table == "imRegistry":
        row = actor | row
    if system == "linux":
        row |= {"DvcOs": "Linux", "TargetUsername": "alice"}
    row = head | {n: v for n, v in row.items() if v is not None}
    if table == "imNetworkSession" and key != "category:firewall":
        end = {"SrcProcessName": "a", "SrcProcessId": "7", "SrcProcessGuid": "g", "SrcUsername": "alice", "DstProcessName": "a",
               "DstProcessId": "7", "DstProcessGuid": "g", "DstUsername": "alice"}
        yield table, row | end
        yield table, row | end | {"NetworkDirection": "Inbound"}
    else:
        yield table, row


ECS_WEB = {
    "url": {"original": "https://example.org/a?q=1", "domain": "example.org", "query": "q=1", "path": "/a", "extension": "a", "scheme": "https"},
    "user_agent": {"original": "curl/8"}, "user": {"name": "alice"}, "source": {"ip": "192.0.2.7", "port": 5},
    "destination": {"ip": "192.0.2.1", "port": 443}, "http": {"version": "1.1", "request": {"method": "GET", "referrer": "https://example.org/", "bytes": 1},
                                                              "response": {"bytes": 2, "status_code": 200}},
}  # fmt: skip
LINUX = {
    "process": {"executable": "/bin/sh", "pid": 7, "command_line": "sh", "working_directory": "/", "parent": {"executable": "/bin/a", "command_line": "a", "pid": 5}},
    "user": {"name": "alice"}, "host": {"name": "h"}, "file": {"path": "/tmp/a"}, "network": {"transport": "tcp", "direction": "egress"},
    "source": {"ip": "192.0.2.7", "port": 5}, "destination": {"ip": "192.0.2.1", "port": 443, "domain": "example.org"},
}  # fmt: skip
KUBERNETES = {"kubernetes": {"audit": {"verb": "create", "objectRef": {"resource": "pods", "subresource": "exec", "namespace": "a"},
                                       "requestURI": "/api", "userAgent": "kubectl"}}}  # fmt: skip
ECS = {
    "category:dns": ("packetbeat-1", "dns", {"dns": {"question": {"name": "a.example.org", "type": "A", "registered_domain": "example.org"}}, "source": {"ip": "192.0.2.7"}}),
    "category:proxy": ("filebeat-1", "zscaler_zia.web", {"event": {"category": ["web"], "module": "zscaler"}, **ECS_WEB}),
    "category:webserver": ("filebeat-1", "apache.access", {"event": {"category": ["web"], "module": "apache"}, **ECS_WEB}),
    "category:firewall": ("filebeat-1", "cisco.asa", {"event": {"category": ["network"], "action": "deny"}, **ECS_WEB}),
    "aws/service:cloudtrail": ("filebeat-1", "aws.cloudtrail", {
        "event": {"action": "CreateUser", "provider": "iam.amazonaws.com"}, "user_agent": {"original": "curl/8"},
        "aws": {"cloudtrail": {"flattened": {"request_parameters": {"attribute": "userData", "enable": "false"}}}}}),
    "azure/service:activitylogs": ("filebeat-1", "azure.activitylogs", {"event": {"action": "MICROSOFT.KEYVAULT/VAULTS/DELETE"}}),
    "azure/service:auditlogs": ("filebeat-1", "azure.auditlogs", {"event": {"action": "Add member to role"}}),
    "gcp/service:gcp.audit": ("filebeat-1", "gcp.audit", {"event": {"action": "v1.compute.a"}, "service": {"name": "compute.googleapis.com"}}),
    "github/service:audit": ("logs-github.audit-default", "github.audit", {"event": {"action": "repo.create"}}),
    "kubernetes/service:audit": ("logs-kubernetes.audit_logs-a", "kubernetes.audit_logs", KUBERNETES),
    "kubernetes/application/service:audit": ("logs-kubernetes.audit_logs-a", "kubernetes.audit_logs", KUBERNETES),
    "m365/service:audit": ("filebeat-1", "o365.audit", {"event": {"action": "New-InboxRule", "provider": "Exchange"},
                                                        "o365": {"audit": {"ApplicationId": "a", "ObjectId": "b", "ExtendedProperties": {"RequestType": "c"}}}}),
    "okta/service:okta": ("filebeat-1", "okta.system", {"event": {"action": "user.session.start"}}),
    **{f"linux/{name}": ("logs-sysmon_linux.log-default", "sysmon_linux.log", {"event": {"code": code}, **LINUX})
       for name, code in (("process_creation", "1"), ("network_connection", "3"), ("file_event", "11"), ("file_delete", "23"))},
}  # fmt: skip


def exported(prefix):
    """Fields that Elastic exports below a name, nested, each with a value of its type."""
    values = {"time": "2026-03-01T12:00:00.000Z", "text": "text", "integer": 42, "real": 1.5, "boolean": True, "ip": "192.0.2.7"}
    schemas = pathlib.Path(__file__).resolve().parents[3] / "templates/schemas/elastic-winlogbeat.yml"
    flat = {}
    for line in re.sub(r"\n    +", " ", schemas.read_text()).splitlines():
        ty, _, names = line.strip().replace('"', "").partition(": ")
        many, value = ty.endswith("[]"), values.get(ty.removesuffix("[]"))
        found = [name for name in names.split() if name.startswith(prefix)]
        flat |= {name: [value] if many else value for name in found if value is not None}
    return nested(flat)


def merged(one, other):
    """Both objects in one; where both say something, the other does."""
    both = [isinstance(value, dict) for value in (one, other)]
    if not all(both):
        return other
    return one | {name: merged(one.get(name), value) for name, value in other.items()}


# What the module of Zeek moves to ECS.
ZEEK = {
    "zeek": {"session_id": "C1"}, "network": {"transport": "tcp", "protocol": "ssl", "community_id": "1:a"},
    "http": {"version": "1.1", "request": {"method": "GET", "referrer": "https://example.org/", "body": {"bytes": 1}},
             "response": {"status_code": 200, "body": {"bytes": 2}}},
    "url": {"domain": "example.org", "original": "/a", "username": "alice"}, "user_agent": {"original": "curl/8"},
    "tls": {"client": {"ja3": "a" * 32}, "server": {"ja3s": "b" * 32}},
}  # fmt: skip


def winlogbeat(number, event):
    key, event = event["ls"], told(event)
    if key in ECS:
        index, dataset, document = ECS[key]
        document = {"@timestamp": iso(event)} | document
        yield index, document | {"event": {"id": "1", "dataset": dataset} | document.get("event", {})}
        return
    event = without_head(event)
    document = shapes.winlogbeat(number, event)
    if document is None:
        return
    document.pop("_id")
    if "winlog" in document:
        document["winlog"] |= {"record_id": "7", "version": 5, "user": {"identifier": "S-1-5-18"}, "time_created": iso(event)}
        document["event"]["provider"] = "Provider"
        if key.removeprefix("windows/service:") in USER_DATA:
            document["winlog"]["user_data"] = document["winlog"].pop("event_data")
        yield "winlogbeat-1", document
    else:
        dataset = document["event"]["dataset"]
        document["event"]["dataset"] = {"zeek.conn": "zeek.connection"}.get(dataset, dataset)
        log = document["event"]["dataset"].removeprefix("zeek.")
        module = json.loads(json.dumps(ZEEK))
        module["zeek"][log] = exported(f"zeek.{log}.").get("zeek", {}).get(log, {})
        del document["zeek"]
        yield "filebeat-1", merged(module, document)


def defend(number, event):
    key = event["ls"]
    system, _, category = key.partition("/")
    actions = {"process_creation": "exec"} if system in ("linux", "macos") else {}
    extra = {"windows/process_termination": ("process", "end", "end"), "windows/file_delete": ("file", "deletion", "deletion"),
             "windows/file_rename": ("file", "rename", "change"), "linux/file_delete": ("file", "deletion", "deletion")}  # fmt: skip
    shapes.DEFEND |= extra
    if system in ("linux", "macos") and key not in extra:
        event = event | {"ls": f"windows/{category}"}
        if category not in ("process_creation", "file_event", "network_connection") or key == "macos/network_connection":
            return
    document = shapes.defend(number, event)
    if document is None:
        return
    document.pop("_id")
    dataset = document["data_stream"]["dataset"].removeprefix("endpoint.events.")
    document["host"]["os"]["type"] = system
    document["process"]["entity_id"] = "e"
    document["user"]["name"] = "alice"
    if category in actions:
        document["event"]["action"] = actions[category]
    hashes = {"md5": "a" * 32, "sha1": "b" * 40, "sha256": "c" * 64}
    if dataset == "process":
        document["process"] |= {"hash": hashes}
        document["process"].setdefault("pe", {})["imphash"] = "d" * 32
        document["process"].setdefault("parent", {})["entity_id"] = "p"
        document["process"].setdefault("Ext", {})["authentication_id"] = "0x3e7"
    if dataset == "library":
        document["dll"] |= {"hash": hashes, "pe": {"imphash": "d" * 32, "original_file_name": "a.dll", "file_version": "1"}}
    if dataset == "file":
        document.setdefault("file", {}).setdefault("Ext", {})["original"] = {"path": "c:\\old"}
    yield f"logs-endpoint.events.{dataset}-default", document


SHAPES = {
    "defender-xdr": xdr,
    "sentinel": sentinel,
    "sentinel-asim": asim,
    "elastic-winlogbeat": winlogbeat,
    "elastic-defend": defend,
    "splunk-ta": splunk,
}
