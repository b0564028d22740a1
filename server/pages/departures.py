"""What waits for its hour or for the end of the quiet hours leaves now, because a person says so."""

from starlette.requests import Request
from starlette.responses import Response

from server.actions import releases, speech
from server.web import access
from server.web.render import see_other
from server.web.routing import Who, route
from server.web.state import services


async def question(request: Request) -> Response:
    asked, actor = await access.question(request), access.actor(request)
    await releases.send_now(actor, asked, at=services(request).clock())
    return see_other(request, f"/questions/{asked.id}", flash="question.released")


async def message(request: Request) -> Response:
    written, actor = await access.message(request), access.actor(request)
    request.path_params["conversation_id"] = written.conversation_id
    access.known(written.conversation_id, "message.unknown")
    head = await access.conversation_head(request)
    await speech.send_now(actor, written, at=services(request).clock())
    return see_other(request, f"/messages/{head.conversation.id}#message-{written.id}", flash="message.said")


routes = [
    route("/questions/{question_id:uuid}/departure", question, who=Who.WORKER, methods=["POST"]),
    route("/messages/{message_id:uuid}/departure", message, who=Who.WORKER, methods=["POST"]),
]
