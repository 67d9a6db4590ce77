"""Compare objectives and optimizers over seeds: plan a study, make its runs somewhere, judge them, write the report.

plan      which runs, on which targets, by which recipe      targets    the points, by seed
trial     try every cell for a moment; estimate the whole    run        make what is missing, and judge
job       one run: made anywhere, carried, kept, read        executors  where runs are made
judging   what the records say, as keys and numbers          sentences  say it, in either language
folder    the study's folder                                 result     a study in Python
report    its tables and page                                pictures   of the study
"""
