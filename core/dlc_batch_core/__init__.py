"""What a project is, what a run is, where things lie in S3, and what the mails say.

Shared by the functions, the trainer and the client. Pure: it imports neither boto3 nor
os.environ; clients, clock and ids are arguments.
"""

#: Version of every item and file that this package writes. Readers ignore fields they don't know.
SCHEMA_VERSION = 1
