#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>

#include "core/published.h"
#include "core/thread_pool.h"
#include "wire/http/asio.h"
#include "wire/http/deadlines.h"
#include "wire/http/failure_delay.h"
#include "wire/http/input_buffer.h"
#include "wire/http/server.h"
#include "wire/http/tls_context.h"

// What the connections share: everything of the server, and what belongs to one of its threads.
namespace eunomia::wire::http {

class connection;

using connection_hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// One thread of the server: its event loop and the connections that live on it. All of it is touched by that thread
// alone, but for load and what io_context itself guards.
struct shard {
  shard();

  asio::io_context context;
  asio::executor_work_guard<executor> keeps_running;
  deadlines due;
  boost::intrusive::list<connection, boost::intrusive::base_hook<connection_hook>,
                         boost::intrusive::constant_time_size<false>>
      connections;
  block_pool blocks;
  std::atomic<std::size_t> load = 0;  // connections given to it

  // The date of now, made once a second.
  const std::string& date();
  // 16 hexadecimal digits, for requests that came without an id.
  std::string new_request_id();

 private:
  std::int64_t date_second_ = -1;
  std::string date_;
  std::mt19937_64 ids_;
};

// The figures of one route: a counter for each class of status, 1xx to 5xx.
struct route_figures {
  counter* by_class[5] = {};
  histogram* seconds = nullptr;
};

// Kept alive by the gauges in `metrics` too, which may outlive the server.
struct live_figures {
  std::atomic<std::int64_t> connections = 0;
  std::atomic<std::int64_t> queued = 0;
};

struct server_state {
  server_state(const server_options& with, std::span<const protocol* const> all, metrics& into);

  const server_options options;
  const router routes;
  const protocol& fallback;  // for the shape of errors of requests that are nobody's
  core::thread_pool workers;
  failure_delay failures;
  core::published<tls_context> tls;  // null: in the clear
  std::atomic<bool> stopping = false;

  std::shared_ptr<live_figures> live;
  std::unordered_map<const route*, route_figures> figures;
  std::unordered_map<const protocol*, route_figures> unrouted;  // requests that no route took
  counter& received_bytes;
  counter& sent_bytes;

  // Connections that exist; stop() waits until there are none.
  std::mutex active_mutex;
  std::condition_variable quiet;
  std::size_t active = 0;
};

}  // namespace eunomia::wire::http
