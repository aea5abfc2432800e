import yaml

def read_settings(stream):
    return yaml.load(stream, Loader=yaml.SafeLoader)
