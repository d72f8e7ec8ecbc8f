"""Delivery of predictions to a SQL table, each record exactly once: `deliver`."""

from millrace.data.delivery.deliver import Delivered, deliver

__all__ = ["Delivered", "deliver"]
