"""What kafka-python's fixtures import to start brokers: here one is always running already."""


class ExternalService:
    def __init__(self, host, port):
        self.host = host
        self.port = port


class SpawnedService:
    def __init__(self, *_):
        raise RuntimeError("the tests run against a broker that is already there")
