"""What the two functions share."""

import re

GREETING = "Grüße aus dem Labor für Mäuse"


def job_name(key):
    return re.sub("[^A-Za-z0-9_-]", "-", key)
