"""The data sets that come with the host: loading, labels and the conventions of principal components."""
