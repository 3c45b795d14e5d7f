"""The tables of optima, on a terminal and in files."""
import csv
import json

from rich import box
from rich.table import Table

from scalenas_mm._files import whole_file

COSTS = ('flops', 'params')
LEFT = ('goal', 'strategy', 'code', 'setting', 'measured networks')


def shown(search):
    """Setting, metric and heading of the columns of metrics.

    Of a single setting all metrics; of several the main ones, and the costs
    as the first setting (None) of each goal has them.
    """
    found = search.found
    (first, one), *others = found.items()
    if not others:
        return [(first, metric, metric) for metric in one.predictor.metrics]
    mains = [(name, other.table.main, f'{name} {other.table.main}')
             for name, other in found.items()]
    return mains + [(None, cost, cost)
                    for cost in COSTS if cost in one.predictor.metrics]


def new_table(*columns):
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(
            column,
            justify='left' if column in LEFT else 'right',
            no_wrap=column == 'code')
    return table


def values_of(values, columns, first):
    """Numbers as text, with a dash for what was not measured."""
    numbers = [
        values.get(name or first, {}).get(metric)
        for name, metric, _ in columns
    ]
    return ['-' if n is None else f'{n:.2f}' for n in numbers]


def labels_of(optima):
    """Names of the columns that tell optima apart, lambda always."""
    return [
        name
        for name in ('goal', 'strategy') if len({row[name]
                                                 for row in optima}) > 1
    ] + ['lambda']


def print_tables(console, search, optima, ranks, num):
    """All that is known of the optima."""
    labels = labels_of(optima)
    same = [
        str(optima[0][name]) for name in ('goal', 'strategy')
        if name not in labels
    ]
    words = ' · '.join([*same, str(search.settings)])
    console.print(f'Optima: {words}\n', soft_wrap=True)
    columns = shown(search)
    size = '{} x {}'.format(*search.settings.shape)
    for title, table in [
        (f'Predicted metrics; exact parameters and MACs at {size}',
         costs_table(optima, labels, columns)),
        ('Codes', codes_table(optima, labels)),
        ('The nearest measured network, as measured; its predicted main '
         f'metric; pairs of the {num} nearest that are ordered rightly',
         nearest_table(search, optima, labels, columns)),
        ('How often the predictor orders two measured networks rightly',
         ranking_table(search, ranks))
    ]:
        console.print(f'[bold]{title}', soft_wrap=True)
        console.print(table)


def heads_and_rows(optima, labels):
    rows = [(row, [
        f'{row[name]:g}' if name == 'lambda' else row[name] for name in labels
    ]) for row in optima]
    return ['λ' if name == 'lambda' else name for name in labels], rows


def costs_table(optima, labels, columns):
    heads, rows = heads_and_rows(optima, labels)
    table = new_table(*heads, *(heading for _, _, heading in columns), 'M',
                      'GMACs')
    for row, label in rows:
        table.add_row(
            *label, *values_of(row['predicted'], columns, row['settings'][0]),
            f"{row['params']:.2f}", f"{row['gmacs']:.2f}")
    return table


def codes_table(optima, labels):
    heads, rows = heads_and_rows(optima, labels)
    table = new_table(*heads, 'code')
    for row, label in rows:
        table.add_row(*label, row['arch'])
    return table


def nearest_table(search, optima, labels, columns):
    """Of a joint goal the setting named first says what is nearest."""
    heads, rows = heads_and_rows(optima, labels)
    table = new_table(*heads, 'distance', 'trained on',
                      *(heading for _, _, heading in columns), 'predicted',
                      'pairs')
    for row, label in rows:
        near, setting = row['nearest'], row['settings'][0]
        main = search.found[setting].table.main
        table.add_row(*label, f"{near['distance']:.2f}",
                      'yes' if near['trained_on'] else 'no',
                      *values_of(near['measured'], columns, setting),
                      f"{near['predicted'][setting][main]:.2f}",
                      str(row['pairs'][setting]))
    return table


def ranking_table(search, ranks):
    table = new_table('setting', 'measured networks', 'networks', 'trained on',
                      'pairs', 'right')
    for name, sets in ranks.items():
        label = f'{name} {search.found[name].table.main}'
        for one in sets:
            pairs = one['pairs']
            share = f'{100 * pairs.share:.1f} %' if pairs.total else '-'
            table.add_row(label, one['what'], str(one['networks']),
                          str(one['trained_on']), str(pairs.total), share)
            label = ''
    return table


def write_tables(path, search, optima, ranks):
    """All numbers as JSON, or the optima as CSV."""
    with whole_file(path) as part, open(part, 'w', newline='') as file:
        if path.suffix.lower() == '.csv':
            rows = [flat(row) for row in optima]
            # the first goal may lack columns of a joint one
            names = list(dict.fromkeys(name for row in rows for name in row))
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        else:
            json.dump(as_json(search, optima, ranks), file, indent=1)
            file.write('\n')


def as_json(search, optima, ranks):
    how = search.settings
    return dict(
        shape=list(how.shape),
        step=how.step,
        iterations=how.iterations,
        lr=how.lr,
        start=how.start,
        limits=how.limits,
        trained_on={
            name: len(one.train)
            for name, one in search.found.items()
        },
        optima=[
            dict(
                row,
                pairs={
                    name: pairs._asdict()
                    for name, pairs in row['pairs'].items()
                }) for row in optima
        ],
        ranking={
            name: [dict(one, pairs=one['pairs']._asdict()) for one in sets]
            for name, sets in ranks.items()
        })


def flat(row):
    """A row of CSV: names are joined by dots."""
    near = row['nearest']
    out = {
        'goal': row['goal'],
        'strategy': row['strategy'],
        'lambda': row['lambda'],
        'code': row['arch'],
        'params': row['params'],
        'gmacs': row['gmacs']
    }
    for what, values in (('predicted', row['predicted']), ('nearest.measured',
                                                           near['measured'])):
        for setting, metrics in values.items():
            for metric, value in metrics.items():
                out[f'{what}.{setting}.{metric}'] = value
    out.update({
        f'nearest.{key}': near[key]
        for key in ('distance', 'trained_on', 'arch')
    })
    for setting, pairs in row['pairs'].items():
        out[f'pairs.{setting}.right'] = pairs.right
        out[f'pairs.{setting}.total'] = pairs.total
    return out
