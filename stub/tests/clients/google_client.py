"""The official Gemini client for Python against the stub: streaming or not, functions, usage, errors."""

import os

from google import genai
from google.genai import errors, types

ROOT = os.environ["STUB_URL"].removesuffix("/v1")
client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=ROOT))
MODEL = "scripted"
TEXT = " tok0 tok1 tok2 tok3 tok4"
RESULTS = {"get_weather": {"celsius": 4}, "get_time": {"time": "noon"}}


def function(name):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return types.FunctionDeclaration(name=name, description=name, parameters_json_schema=schema)


TOOLS = [types.Tool(function_declarations=[function(name) for name in RESULTS])]


def non_streaming():
    answer = client.models.generate_content(model=MODEL, contents="hello")
    assert answer.text == TEXT, answer
    assert answer.usage_metadata.candidates_token_count == 5, answer
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP, answer


def streamed():
    chunks = list(client.models.generate_content_stream(model=MODEL, contents="hello"))
    assert "".join(chunk.text or "" for chunk in chunks) == TEXT
    assert chunks[-1].usage_metadata.candidates_token_count == 5, chunks[-1]


def conversation_with_functions():
    disable = types.AutomaticFunctionCallingConfig(disable=True)
    config = types.GenerateContentConfig(tools=TOOLS, automatic_function_calling=disable)
    contents = [types.Content(role="user", parts=[types.Part(text="How is the weather?")])]
    answer = client.models.generate_content(model=MODEL, contents=contents, config=config)
    calls = answer.function_calls
    assert [(call.name, call.args) for call in calls] == [(name, {"city": "Oslo"}) for name in RESULTS]
    results = [types.Part.from_function_response(name=call.name, response=RESULTS[call.name]) for call in calls]
    contents += [answer.candidates[0].content, types.Content(role="user", parts=results)]
    answer = client.models.generate_content(model=MODEL, contents=contents, config=config)
    assert answer.text.endswith("it is 4 degrees."), answer


def structured():
    config = types.GenerateContentConfig(
        response_mime_type="application/json",
        response_schema={"type": "OBJECT", "properties": {"city": {"type": "STRING"}}},
    )
    answer = client.models.generate_content(model=MODEL, contents="hello", config=config)
    assert isinstance(answer.parsed["city"], str), answer


def fails(code, **config):
    try:
        client.models.generate_content(
            model=MODEL, contents="hello", config=types.GenerateContentConfig(**config)
        )
    except errors.APIError as error:
        assert error.code == code, error
        return
    raise AssertionError(f"status {code} was expected")


non_streaming()
streamed()
conversation_with_functions()
structured()
fails(503, http_options=types.HttpOptions(headers={"x-stub-fault": "503"}))
fails(400, temperature=9)
