"""What is deployed: settings, the wiring of the program, the offline capture and the graph it yields."""
