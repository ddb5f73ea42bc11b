// Names that all files use.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/value.hpp>
#include <boost/version.hpp>
#include <stdexcept>

static_assert(BOOST_VERSION >= 108100, "Boost 1.81 or later is needed: apt-get install libboost1.81-dev");

namespace asio = boost::asio;
namespace json = boost::json;
using asio::awaitable;
using asio::use_awaitable;
using tcp = asio::ip::tcp;
