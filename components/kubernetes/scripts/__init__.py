"""Files that run inside pods: shell, SQL and Python, read as text by ``components.kubernetes.files``."""
