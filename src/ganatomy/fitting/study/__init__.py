"""Compare objectives and optimizers over seeds: plan a study, make its runs somewhere, judge them, write the report.

plan      which runs, on which targets, by which recipe      targets    the points, split once
trial     try every cell for a moment; estimate the whole    conduct    make what is missing, and judge
jobs      one run: made anywhere, carried, kept, read        executors  where runs are made; dask_cluster
stacked   runs of one cell trained at once, as on a GPU      folder     the study's folder
report    its tables and page                                pictures   of the study
"""
