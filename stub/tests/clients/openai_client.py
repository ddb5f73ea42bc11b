"""The official Python client against the stub: streaming or not, tools, usage, errors."""

import json
import os

import openai

client = openai.OpenAI(base_url=os.environ["STUB_URL"], api_key="none", max_retries=0)
MODEL = "scripted"
HELLO = [{"role": "user", "content": "hello"}]
TEXT = " tok0 tok1 tok2 tok3 tok4"
RESULTS = {"get_weather": '{"celsius": 4}', "get_time": "noon"}


def tool(name):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TOOLS = [tool(name) for name in RESULTS]


def non_streaming():
    answer = client.chat.completions.create(model=MODEL, messages=HELLO)
    assert answer.choices[0].message.content == TEXT, answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.completion_tokens == 5, answer


def streamed():
    stream = client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT
    assert len({c.id for c in chunks}) == 1
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 5, chunks[-1]


def several_choices():
    answer = client.chat.completions.create(
        model=MODEL, messages=HELLO, n=2, logprobs=True, top_logprobs=3
    )
    assert [choice.message.content for choice in answer.choices] == [TEXT, TEXT], answer
    tokens = answer.choices[1].logprobs.content
    assert "".join(token.token for token in tokens) == TEXT, tokens
    assert len(tokens[0].top_logprobs) == 3, tokens[0]
    chunks = client.chat.completions.create(model=MODEL, messages=HELLO, n=2, stream=True)
    deltas = [(c.choices[0].index, c.choices[0].delta.content or "") for c in chunks]
    assert "".join(text for index, text in deltas if index == 1) == TEXT, deltas


def conversation_with_tools(stream):
    messages = [{"role": "user", "content": "How is the weather?"}]
    message = ask(messages, stream)
    assert message.content == "Let me look.", message
    assert [c.function.name for c in message.tool_calls] == list(RESULTS), message
    assert all(json.loads(c.function.arguments) == {"city": "Oslo"} for c in message.tool_calls)
    assert len({c.id for c in message.tool_calls}) == 2
    messages.append(message.to_dict())
    for call in message.tool_calls:
        result = RESULTS[call.function.name]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    assert ask(messages, stream).content == "At noon it is 4 degrees."


def ask(messages, stream):
    if not stream:
        return client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS).choices[0].message
    with client.chat.completions.stream(model=MODEL, messages=messages, tools=TOOLS) as events:
        return events.get_final_completion().choices[0].message


def constrained():
    """Structured answers, forced tools and stop texts hold what the request asks for."""
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    schema = {"type": "json_schema", "json_schema": {"name": "place", "schema": city}}
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, response_format=schema)
    assert isinstance(json.loads(answer.choices[0].message.content)["city"], str), answer
    choice = {"type": "function", "function": {"name": "get_time"}}
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, tools=TOOLS, tool_choice=choice)
    assert [c.function.name for c in answer.choices[0].message.tool_calls] == ["get_time"], answer
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, stop=[" tok2"])
    assert answer.choices[0].message.content == " tok0 tok1", answer


def responses():
    answer = client.responses.create(model=MODEL, input="hello")
    assert answer.output_text == TEXT and answer.usage.output_tokens == 5, answer
    events = list(client.responses.create(model=MODEL, input="hello", stream=True))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == TEXT
    assert events[-1].type == "response.completed" and events[-1].response.output_text == TEXT
    conversation_of_responses(lambda items: client.responses.create(model=MODEL, input=items, tools=RESPONSE_TOOLS))
    conversation_of_responses(stream_response)


RESPONSE_TOOLS = [{"type": "function", "strict": False, **tool(name)["function"]} for name in RESULTS]


def stream_response(items):
    with client.responses.stream(model=MODEL, input=items, tools=RESPONSE_TOOLS) as events:
        return events.get_final_response()


def conversation_of_responses(ask):
    items = [{"role": "user", "content": "How is the weather?"}]
    answer = ask(items)
    assert answer.output_text == "Let me look.", answer
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [(name, {"city": "Oslo"}) for name in RESULTS]
    items += [item.to_dict() for item in answer.output]
    items += [
        {"type": "function_call_output", "call_id": call.call_id, "output": RESULTS[call.name]} for call in calls
    ]
    assert ask(items).output_text == "At noon it is 4 degrees."


def older_completions():
    answer = client.completions.create(model=MODEL, prompt="hello")
    assert answer.choices[0].text == TEXT and answer.usage.completion_tokens == 5, answer
    chunks = client.completions.create(model=MODEL, prompt="hello", stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks) == TEXT


def embeddings():
    answer = client.embeddings.create(model=MODEL, input=["a", "b"], dimensions=8)
    assert [len(item.embedding) for item in answer.data] == [8, 8], answer
    floats = client.embeddings.create(model=MODEL, input="a", dimensions=8, encoding_format="float")
    assert floats.data[0].embedding == answer.data[0].embedding, floats


def fails(error, fault=None, **request):
    headers = {"x-stub-fault": fault} if fault else None
    try:
        list(client.chat.completions.create(**request, stream=True, extra_headers=headers))
    except error as caught:
        return caught
    raise AssertionError(f"{error.__name__} was expected")


def errors():
    good = {"model": MODEL, "messages": HELLO}
    limited = fails(openai.RateLimitError, "429", **good)
    assert limited.code == "rate_limit_exceeded", limited
    fails(openai.InternalServerError, "503", **good)
    fails(openai.APIError, "error-after=2", **good)
    bad = fails(openai.BadRequestError, model=MODEL, messages=[])
    assert bad.param == "messages", bad
    hot = fails(openai.BadRequestError, temperature=9, **good)
    assert hot.param == "temperature", hot
    unsupported = fails(openai.BadRequestError, functions=[{"name": "f"}], **good)
    assert unsupported.code == "unsupported_parameter", unsupported
    key = fails(openai.AuthenticationError, "401", **good)
    assert key.code == "invalid_api_key", key


def retries():
    """A retry succeeds when the fault is gone."""
    retrying = client.with_options(max_retries=2)
    headers = {"x-stub-fault": "429,retry-after=10ms,every=2"}
    for _ in range(2):
        answer = retrying.chat.completions.create(model=MODEL, messages=HELLO, extra_headers=headers)
        assert answer.choices[0].message.content == TEXT


assert [model.id for model in client.models.list()] == [MODEL]
non_streaming()
streamed()
several_choices()
conversation_with_tools(stream=False)
conversation_with_tools(stream=True)
constrained()
responses()
older_completions()
embeddings()
errors()
retries()
