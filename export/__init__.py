"""Commands of a checkout for what carries an export: `python -m export RUN`.

The library behind them is `tf_fsgd.exporting`. Beside them lies what a server, an
Android app and an iOS app are made of.
"""
