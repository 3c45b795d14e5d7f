"""KITTI's configs on a small field."""
# the field of KITTI's configs -> a smaller one, with the objects of tiny data
FIELD = {69.12: 20.48, 39.68: 10.24, -39.68: -10.24, 496: 128, 432: 128}


def small_field(value, data):
    """Data and field of a config, in place."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        if isinstance(item, str):
            value[key] = item.replace('data/kitti/', f'{data}/')
        elif isinstance(item, (int, float)) and item in FIELD:
            value[key] = FIELD[item]
        elif isinstance(item, (dict, list)):
            small_field(item, data)
