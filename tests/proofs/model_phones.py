"""What phones do to server and model: announce, bring, describe twice, give up, open a job on site."""

from typing import Any

from hypothesis import strategies as st

from server.ids import new_id
from tests.proofs.model import OFFICE
from tests.proofs.model_doors import ALI, JAN, OTTO, PETRA, PICTURES, digest
from tests.proofs.model_machine import Machine, act, needs

WHEN = "2026-11-23T10:00:00+01:00"

number = st.integers(0, 11)
anybody = st.sampled_from([OFFICE, ALI, JAN])
phone = st.sampled_from([ALI, JAN])
person = st.sampled_from([PETRA, OTTO])
content = st.integers(0, len(PICTURES) - 1)
words = st.fixed_dictionaries(
    {
        "caption": st.sampled_from(["", "Keller", "Dach links"]),
        "phase": st.sampled_from([None, "before", "after", "defect"]),
        "tags": st.sampled_from([[], ["Fliesen"], ["Fliesen", "Rohr"]]),
    }
)
members = st.sampled_from([set(), set(), {ALI}, {JAN}])


class Phones(Machine):
    """Every rule asks the model, then a door, and compares the two answers."""

    @act(3, who=phone, content=content, place=number, said=words)
    def capture(self, who: str, content: int, place: int, said: dict[str, Any]) -> None:
        """The common way: announced, then brought whole."""
        self.step()
        ident = str(new_id())
        self._announce(who, ident, {**said, "content": content, "job": self.job(place), "hint": "Baustelle"})
        self._bring(who, ident, content, len(PICTURES[content]), right=True)

    @act(who=phone, content=content, place=number, said=words)
    def announce(self, who: str, content: int, place: int, said: dict[str, Any]) -> None:
        self.step()
        new = {**said, "content": content, "job": self.job(place), "hint": "Baustelle"}
        self._announce(who, str(new_id()), new)

    @needs(lambda self: self.model.photos)
    @act(who=phone, which=number, other=st.booleans(), place=number, said=words)
    def announce_again(self, who: str, which: int, other: bool, place: int, said: dict[str, Any]) -> None:
        """The same id once more: delivered twice, described after its bytes, or with other content."""
        self.step()
        ident = self.photo(which)
        author, sent = self.model.sent.get(ident, (who, {}))
        new = {**said, "content": self.model.photos[ident].content, "job": self.job(place), "hint": "Keller"}
        if sent and not other:
            who, new = author, sent
        self._announce(who, ident, new)

    def _announce(self, who: str, ident: str, said: dict[str, Any]) -> None:
        body = {
            "kind": "photo",
            "captured_at": WHEN,
            "job": said["job"],
            "job_hint": said["hint"],
            "sha256": digest(said["content"]),
            "size": len(PICTURES[said["content"]]),
            "mime": "image/jpeg",
            **{name: said[name] for name in ("caption", "phase", "tags")},
        }
        self.ask(self.model.announce(who, ident, said), who, "PUT", f"/sync/items/{ident}", json=body)

    @act(who=phone, content=content)
    def bytes_first(self, who: str, content: int) -> None:
        """Bytes whose description has not come."""
        self.step()
        self._bring(who, str(new_id()), content, len(PICTURES[content]), right=True)

    @needs(lambda self: self.model.photos)
    @act(
        which=number,
        who=st.none() | phone,
        share=st.sampled_from([0.5, 1, 1]),
        right=st.sampled_from([True, True, False]),
    )
    def bring(self, which: int, who: str | None, share: float, right: bool) -> None:
        """Bytes of a known photo: half of them, all, damaged, or somebody else's."""
        self.step()
        ident = self.photo(which)
        known = self.model.photos[ident]
        size = len(PICTURES[known.content])
        self._bring(who or known.author, ident, known.content, int(size * share), right=right or share < 1)

    def _bring(self, who: str, ident: str, content: int, upto: int, *, right: bool) -> None:
        data = PICTURES[content]
        begun = self.model.begin(who, ident, content)
        assert self.run(self.doors.begin(who, ident, content)) == begun
        photo = self.model.photos.get(ident)
        if begun != 201 or photo is None or photo.stored or upto <= photo.part:
            return
        sent = data[:upto] if right else data[: upto - 1] + bytes([data[upto - 1] ^ 1])
        wanted = self.model.append(ident, upto, len(data), right=right)
        answer = self.run(self.doors.append(who, ident, sent))
        assert answer.status_code == wanted, answer.text
        assert (wanted == 200) == (b'"stored_at"' in answer.content), "a receipt is for what is stored"

    @needs(lambda self: self.model.photos)
    @act(who=phone, which=number)
    def remove_on_the_phone(self, who: str, which: int) -> None:
        self.step()
        ident = self.photo(which)
        self.ask(self.model.give_up(who, ident), who, "DELETE", f"/sync/items/{ident}")

    @act(who=phone, which=st.integers(0, 1))
    def open_job_on_site(self, who: str, which: int) -> None:
        """A job under an id that photos and questions may have named before; also again, also by somebody else."""
        self.step()
        ident = self.unknown[which]
        body = {"kind": "job", "title": f"Garage {which}", "captured_at": WHEN}
        wanted = self.model.job_from_phone(who, ident, {"title": which}, "")
        self.ask(wanted, who, "PUT", f"/sync/items/{ident}", json=body)
        if wanted == 201:
            self.known.append(ident)
            self.run(self._name(ident))

    async def _name(self, ident: str) -> None:
        found = await self.doors.got(OFFICE, f"/api/v1/jobs/{ident}")
        self.model.jobs[ident].name = f"{found['number']} · {found['title']}"
