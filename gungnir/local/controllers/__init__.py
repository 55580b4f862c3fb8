"""The controllers of the local cluster: from what objects ask for to what other objects say."""
