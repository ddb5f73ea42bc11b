"""LangChain for Python against the stub: a stream, and a conversation with tools."""

import os

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="scripted", base_url=os.environ["STUB_URL"], api_key="none", max_retries=0, stream_usage=True)
RESULTS = {"get_weather": '{"celsius": 4}', "get_time": "noon"}


def streamed():
    answer = add_up(model.stream("hello"))
    assert answer.text == " tok0 tok1 tok2 tok3 tok4", answer
    assert answer.usage_metadata["output_tokens"] == 5, answer
    assert answer.response_metadata["finish_reason"] == "stop", answer


def add_up(chunks):
    first, *others = chunks
    for chunk in others:
        first += chunk
    return first


def tool(name):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": schema}}


def conversation_with_tools(ask):
    messages = [HumanMessage("How is the weather?")]
    answer = ask(messages)
    assert answer.text == "Let me look.", answer
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [(name, {"city": "Oslo"}) for name in RESULTS]
    messages.append(answer)
    for call in answer.tool_calls:
        messages.append(ToolMessage(RESULTS[call["name"]], tool_call_id=call["id"]))
    assert ask(messages).text == "At noon it is 4 degrees."


streamed()
agent = model.bind_tools([tool(name) for name in RESULTS])
conversation_with_tools(agent.invoke)
conversation_with_tools(lambda messages: add_up(agent.stream(messages)))
