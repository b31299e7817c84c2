"""What is tried in each application: notebook 01, and one exercise of each kind."""

import pytest
from playwright.sync_api import expect

from coursekit import exercises
from coursekit.exercises.sources import function_source

STEP, RATE, VALLEY, TUNE = map(
    exercises.get, ["gradient-step", "stable-rate", "valley", "tune-rate"]
)
CODE = [e for e in map(exercises.get, exercises.ids()) if e.kind == "code" and e.section == "7.1"]


def by_sentence(exercise):
    """One test for each known mistake."""
    ids = [
        getattr(mistake.answer, "__name__", str(mistake.answer)) for mistake in exercise.mistakes
    ]
    return pytest.mark.parametrize("mistake", exercise.mistakes, ids=ids)


def shown(text):
    """A sentence as the page shows it."""
    return text.replace("`", "")


def solved(exercise, function=None):
    """The exercise's cell with a function typed into it, by default the solution."""
    source = function_source(function or exercise.function)
    name = (function or exercise.function).__name__
    return f"{source.replace(f'def {name}', f'def {exercise.name}')}\n\n\n{exercise.check_line}"


class Scenes:
    """Inherited by one class for each application, which names it in ``application``."""

    def test_the_notebook_runs_from_top_to_bottom(self, notebook):
        notebook.run_all()
        assert not notebook.errors.all_inner_texts()
        notebook.save()
        ran = [cell for cell in notebook.stored().cells if cell.cell_type == "code"]
        counts = [cell.execution_count for cell in ran]
        assert counts == list(range(counts[0], counts[0] + len(ran)))

    @pytest.mark.parametrize("exercise", CODE, ids=lambda e: e.id)
    def test_a_function_blank_and_solved(self, notebook, exercise):
        cell = notebook.cell(f'check("{exercise.id}"')
        cell.run(exercise.cell())
        expect(cell.card).to_contain_text("○ not attempted")
        cell.run(solved(exercise))
        expect(cell.card).to_contain_text("✓ right ·")

    @by_sentence(STEP)
    def test_a_function_with_a_known_mistake(self, notebook, mistake):
        cell = notebook.cell('check("gradient-step"')
        cell.run(solved(STEP, mistake.answer))
        expect(cell.card).to_contain_text("✗ wrong")
        expect(cell.card).to_contain_text(shown(mistake.sentence))

    def test_a_number_by_keyboard_alone(self, notebook):
        cell = notebook.cell('exercise("stable-rate")')
        cell.run()
        field = cell.bar.get_by_role("textbox", name="Your number")
        cell.tab_to(field)
        notebook.page.keyboard.press("Enter")
        expect(cell.card).to_contain_text("○ not attempted")
        for mistake in RATE.mistakes:
            notebook.page.keyboard.press("ControlOrMeta+a")
            notebook.page.keyboard.type(f"{mistake.answer:.6g}")
            notebook.page.keyboard.press("Enter")
            expect(cell.card).to_contain_text(shown(mistake.sentence))
            expect(cell.spoken).to_contain_text(f"Wrong: {shown(mistake.sentence)}")
        notebook.page.keyboard.press("ControlOrMeta+a")
        notebook.page.keyboard.type("2/6")
        notebook.page.keyboard.press("Enter")
        expect(cell.card).to_contain_text("✓ right ·")
        expect(cell.card).to_contain_text(shown(RATE.why))
        expect(cell.spoken).to_contain_text("Right: ")
        expect(field).to_be_focused()

    def test_a_prediction_by_keyboard_alone(self, notebook):
        cell = notebook.cell('exercise("valley")')
        cell.run()
        expect(cell.card).to_contain_text("○ not attempted")
        way = "Tab"
        for mistake in VALLEY.mistakes:
            self.predict(cell, mistake.answer, way)
            expect(cell.card).to_contain_text("✗ wrong")
            expect(cell.card).to_contain_text(shown(mistake.sentence))
            self.take_back(cell)
            expect(cell.card).to_contain_text("○ not attempted")
            way = "Shift+Tab"
        self.predict(cell, VALLEY.right, way)
        expect(cell.card).to_contain_text("✓ right ·")
        expect(cell.spoken).to_contain_text("Right: ")

    def predict(self, cell, letter, way):
        """Lock in a choice with the keyboard."""
        choice = cell.bar.get_by_role("radio", name=f"{letter}.")
        cell.tab_to(cell.bar.get_by_role("group", name="Your answer"), way)
        cell.page.keyboard.press("Space")
        for _ in VALLEY.choices:
            if not choice.is_checked():
                cell.page.keyboard.press("ArrowDown")
        cell.tab_to(cell.bar.get_by_role("button", name="Lock in"))
        cell.page.keyboard.press("Enter")
        expect(choice).to_be_disabled()
        expect(choice).to_be_checked()

    def take_back(self, cell):
        """Reset with the keyboard."""
        reset = cell.bar.get_by_role("button", name="Reset")
        for button in (reset, cell.bar.get_by_role("button", name="Yes")):
            cell.tab_to(button)
            cell.page.keyboard.press("Enter")
        expect(reset).to_be_focused()
        expect(cell.bar.get_by_role("radio").first).to_be_enabled()

    def test_the_run_is_shown_when_the_prediction_is_locked_in(self, notebook):
        cell = notebook.cell('exercise("valley")')
        cell.run()
        row = " ".join(str(VALLEY.reveal()).splitlines()[-1].split())
        expect(cell.card).not_to_contain_text(row)
        cell.bar.get_by_role("radio").last.check()
        cell.press("Lock in")
        expect(cell.card).to_contain_text(row)

    def test_hints_and_solution(self, notebook):
        cell = notebook.cell('check("gradient-step"')
        cell.run(STEP.cell())
        for number, hint in enumerate(STEP.hints, start=1):
            expect(cell.card).not_to_contain_text(shown(hint))
            cell.press(f"Hint {number} of {len(STEP.hints)}")
            expect(cell.card).to_contain_text(shown(hint))
        body = STEP.solution.splitlines()[-1].strip()
        cell.press("Solution", "No")
        expect(cell.card).not_to_contain_text(body)
        cell.press("Solution", "Yes")
        expect(cell.card).to_contain_text(body)
        cell.press("Copy solution")
        copied = notebook.page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() == STEP.solution
        cell.run(f"{copied}\n\n\n{STEP.check_line}")
        expect(cell.card).to_contain_text("✓ right with help")
        expect(cell.card).to_contain_text(shown(STEP.hints[0]))

    def test_progress_stands_after_a_restart_and_a_reload(self, notebook):
        calls = ['check("gradient-step"', 'exercise("stable-rate")', 'exercise("valley")']
        step, rate, valley = map(notebook.cell, calls)
        step.run(solved(STEP))
        rate.run()
        rate.press("Hint 1 of 2")
        rate.bar.get_by_role("textbox").fill("1/3")
        rate.press("Check")
        valley.run()
        valley.bar.get_by_role("radio", name="A.").check()
        valley.press("Lock in")
        expect(valley.card).to_contain_text("✗ wrong")
        notebook.save()
        notebook.restart()
        notebook.reload()
        stored = {step: "✓ right ·", rate: "✓ right with help", valley: "✗ wrong"}
        for cell, words in stored.items():
            expect(cell.card).to_contain_text(words)

        notebook.cell("import numpy as np").run()
        step.run(STEP.cell())
        expect(step.card).to_contain_text("You have solved this before")
        rate.run()
        expect(rate.card).to_contain_text("✓ right with help")
        expect(rate.card).to_contain_text(shown(RATE.hints[0]))
        expect(rate.bar.get_by_role("textbox")).to_have_value("1/3")
        valley.run()
        expect(valley.card).to_contain_text("✗ wrong")
        expect(valley.bar.get_by_role("radio", name="A.")).to_be_checked()
        expect(valley.bar.get_by_role("radio", name="A.")).to_be_disabled()

    @by_sentence(TUNE)
    def test_a_tuning_with_a_known_mistake(self, notebook, mistake):
        cell = notebook.cell('exercise("tune-rate")')
        cell.run(f'check("tune-rate", {mistake.answer})')
        expect(cell.card).to_contain_text("✗ wrong")
        expect(cell.card).to_contain_text(shown(mistake.sentence))

    def test_a_slider_is_moved_until_the_goal_is_met(self, notebook):
        cell = notebook.cell("tune-rate")
        cell.run(TUNE.cell())
        expect(cell.card).to_contain_text("○ not attempted")
        expect(cell.outputs).to_contain_text("○ Not yet: ")
        rate = cell.outputs.get_by_role("slider", name="SGD η")
        rate.focus()
        goal = TUNE.solved_state["sgd_rate"]
        for key, far in (("PageUp", goal / 2), ("ArrowRight", goal)):
            while float(rate.get_attribute("aria-valuetext")) < far:
                notebook.page.keyboard.press(key)
        expect(cell.outputs).to_contain_text("✓ Reached: There in ")
        expect(cell.card).to_contain_text("✓ right ·")
        expect(cell.spoken).to_contain_text("Right: There in ")
        expect(rate).to_be_focused()

    def test_a_start_is_dragged_and_moved_by_keys(self, notebook):
        cell = notebook.cell("run.points.ravel()")
        cell.run("from coursekit.widgets import Descent\n\nDescent()")
        told = cell.outputs.get_by_text("above the minimum after 60 steps").first
        start = cell.outputs.get_by_role("slider", name="start")
        mouse, keyboard = notebook.page.mouse, notebook.page.keyboard
        places, readings = [start.get_attribute("aria-valuetext")], [told.inner_text()]

        def has_moved():
            expect(start).not_to_have_attribute("aria-valuetext", places[-1])
            expect(told).not_to_have_text(readings[-1])
            places.append(start.get_attribute("aria-valuetext"))
            readings.append(told.inner_text())

        start.scroll_into_view_if_needed()
        box = start.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 60, y + 30)
        mouse.up()
        has_moved()
        keyboard.press("ArrowRight")
        has_moved()
        cell.outputs.get_by_role("button", name="Back to the start").click()
        expect(start).to_have_attribute("aria-valuetext", places[0])
        expect(told).to_have_text(readings[0])

    @pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
    def test_a_panel_is_legible(self, notebook, theme):
        cell = notebook.cell('exercise("valley")')
        cell.run()
        cell.press("Hint 1 of 2", "Solution", "Yes")
        expect(cell.card).to_contain_text("Solution")
        notebook.theme(theme)
        contrasts = cell.contrasts()
        assert {"Is the zig-zag to blame?", "Reset", VALLEY.hints[0]} <= set(contrasts)
        faint = {text: ratio for text, ratio in contrasts.items() if ratio < 4}
        assert not faint
