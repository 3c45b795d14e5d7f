"""The tables of compare_searches.py."""
import math
import statistics


def new_table(columns, **options):
    """An empty one, names to the left and numbers to the right."""
    from rich import box
    from rich.table import Table
    table = Table(box=box.SIMPLE, **options)
    for column in columns:
        table.add_column(
            column, justify='left' if column == 'method' else 'right')
    return table


def medians(methods, title, metric):
    """Hypervolumes by seed, ratios to the first method, best metrics."""
    table = new_table(('method', 'seeds', 'hypervolume, median', 'by seed',
                       'ratio', f'best {metric}, median'),
                      title=title)
    baseline = next(iter(methods.values())).volume
    for name, method in methods.items():
        best = statistics.median(method.best)
        table.add_row(name, str(len(method.volumes)), f'{method.volume:.4f}',
                      ' '.join(f'{v:.4f}' for v in method.volumes),
                      f'{method.volume / baseline:.4f}' if baseline else '-',
                      f'{best:#.4g}' if math.isfinite(best) else '-')
    return table


def spread(values):
    """Mean and deviation as text."""
    from scalenas_mm.search import mean_and_deviation
    mean, deviation = mean_and_deviation(values)
    if not math.isfinite(mean):
        return '-'
    return f'{mean:.4f}' + (f' ± {deviation:.4f}'
                            if math.isfinite(deviation) else '')


def means(methods):
    """Hypervolumes and distances over seeds, and whether they are luck."""
    from scalenas_mm.search import p_values
    table = new_table(('method', 'hypervolume', 'IGD', 'IGD+', 'p'),
                      title='mean ± standard deviation over seeds')
    for name, p in p_values(methods).items():
        method = methods[name]
        table.add_row(name, spread(method.volumes), spread(method.igd),
                      spread(method.igd_plus),
                      f'{p:.2g}' if math.isfinite(p) else '-')
    return table


def notes(methods):
    """What is to be known about the p-values."""
    from scalenas_mm.search import FEWEST, least_p
    first, *others = methods
    sizes = dict.fromkeys(
        tuple(len(methods[name].volumes) for name in (first, other))
        for other in others)
    if not sizes:
        return []
    lines = [
        f'p: Mann-Whitney U of the hypervolumes against {first}, '
        'two-sided, for each method alone'
    ]
    for pair in sizes:
        seeds = '{} and {} seeds'.format(*pair)
        if min(pair) < FEWEST:
            lines.append(f'{seeds}: no p; {FEWEST} each are the least')
        else:
            lines.append(f'{seeds}: p cannot be below {least_p(*pair):.2g}')
    return lines
