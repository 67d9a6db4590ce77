"""Between the halves: networks that make pictures, whoever trained them, behind one interface."""
