"""Workshops: check an answer, get a hint, see what a mistake costs."""

from pmlib.teach.exploring import explore as explore
from pmlib.teach.schedule import agenda as agenda
from pmlib.teach.verdict import Verdict as Verdict
from pmlib.teach.verdict import check as check
from pmlib.teach.verdict import company as company
from pmlib.teach.verdict import hint as hint
from pmlib.teach.verdict import outcome as outcome
from pmlib.teach.verdict import solution as solution

__all__ = ["Verdict", "agenda", "check", "company", "explore", "hint", "outcome", "solution"]
