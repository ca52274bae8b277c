"""What a cap or a limit allows, asked before a call leaves: charged by the most that it can cost, then by what it did cost.

A request comes in, with whoever pays for it; a reservation or a reason to refuse goes out. Knows no pytest: child processes and the
gateway hold the same cap.
"""
