#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

#include "wire/http/server_state.h"

namespace eunomia::wire::http {

// Runs work() on the worker pool while the coroutine sleeps: true when it ran; false, at once, when the queue is full.
// work must not throw, and is not copied: it lives in the waiting coroutine.
//
// The pool's task is one pointer, which std::function holds without allocating; whatever happens the pool runs it, so
// that nothing is lost in it.
template <class Work>
awaitable<bool> on_worker(server_state& server, Work& work) {
  return asio::async_initiate<const asio::use_awaitable_t<executor>, void(bool)>(
      []<class Handler>(Handler handler, server_state* state, Work* todo) {
        struct task {
          Handler resume;
          server_state* state;
          Work* todo;
        };
        const auto complete = [](Handler resume, bool ran) {
          const auto on = asio::get_associated_executor(resume);
          asio::post(on, [resume = std::move(resume), ran]() mutable { std::move(resume)(ran); });
        };
        auto owned = std::make_unique<task>(task{std::move(handler), state, todo});
        task* const raw = owned.get();
        state->live->queued.fetch_add(1, std::memory_order_relaxed);
        const bool queued = state->workers.try_submit([raw, complete] {
          const std::unique_ptr<task> mine(raw);
          mine->state->live->queued.fetch_sub(1, std::memory_order_relaxed);
          (*mine->todo)();
          complete(std::move(mine->resume), true);
        });
        if (queued) {
          static_cast<void>(owned.release());
        } else {
          state->live->queued.fetch_sub(1, std::memory_order_relaxed);
          complete(std::move(owned->resume), false);
        }
      },
      use_awaitable, &server, &work);
}

}  // namespace eunomia::wire::http
