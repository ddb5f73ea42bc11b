"""The official Anthropic client for Python against the stub: streaming or not, tools, usage, errors."""

import os

import anthropic

ROOT = os.environ["STUB_URL"].removesuffix("/v1")
client = anthropic.Anthropic(base_url=ROOT, api_key="none", max_retries=0)
MODEL = "scripted"
HELLO = [{"role": "user", "content": "hello"}]
TEXT = " tok0 tok1 tok2 tok3 tok4"
RESULTS = {"get_weather": '{"celsius": 4}', "get_time": "noon"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"name": name, "description": name, "input_schema": SCHEMA} for name in RESULTS]


def non_streaming():
    answer = client.messages.create(model=MODEL, messages=HELLO, max_tokens=99)
    assert answer.content[0].text == TEXT, answer
    assert answer.stop_reason == "end_turn" and answer.usage.output_tokens == 5, answer
    cut = client.messages.create(model=MODEL, messages=HELLO, max_tokens=2)
    assert cut.stop_reason == "max_tokens", cut


def streamed():
    with client.messages.stream(model=MODEL, messages=HELLO, max_tokens=99) as stream:
        assert "".join(stream.text_stream) == TEXT
        assert stream.get_final_message().usage.output_tokens == 5


def ask(messages, stream):
    request = {"model": MODEL, "messages": messages, "max_tokens": 99, "tools": TOOLS}
    if not stream:
        return client.messages.create(**request)
    with client.messages.stream(**request) as events:
        return events.get_final_message()


def conversation_with_tools(stream):
    messages = [{"role": "user", "content": "How is the weather?"}]
    message = ask(messages, stream)
    assert message.content[0].text == "Let me look." and message.stop_reason == "tool_use", message
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [(name, {"city": "Oslo"}) for name in RESULTS]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": RESULTS[call.name]} for call in calls]
    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    assert ask(messages, stream).content[0].text == "At noon it is 4 degrees."


def fails(error, fault=None, **request):
    headers = {"x-stub-fault": fault} if fault else None
    request = {"model": MODEL, "messages": HELLO, "max_tokens": 99, **request}
    try:
        list(client.messages.create(**request, stream=True, extra_headers=headers))
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def errors():
    fails(anthropic.RateLimitError, "429")
    fails(anthropic.InternalServerError, "503")
    fails(anthropic.APIError, "error-after=2")
    fails(anthropic.AuthenticationError, "401")
    fails(anthropic.BadRequestError, max_tokens=0)
    fails(anthropic.BadRequestError, extra_body={"temperature": 9})


non_streaming()
streamed()
conversation_with_tools(stream=False)
conversation_with_tools(stream=True)
errors()
assert client.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens == 2
