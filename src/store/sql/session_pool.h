#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/sql/session.h"

namespace eunomia::store::sql {

// A bounded number of sessions, opened when needed and used again.
class session_pool {
 public:
  using opener = std::function<std::unique_ptr<session>()>;

  session_pool(std::string database, std::size_t limit, std::chrono::milliseconds patience, opener open);

  // A session for one transaction. One that is not healthy when it is given back is closed.
  class lease {
   public:
    lease(session_pool& from, std::unique_ptr<session> taken) : pool_(&from), session_(std::move(taken)) {}
    lease(lease&&) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease();
    session& operator*() const { return *session_; }
    session* operator->() const { return session_.get(); }

   private:
    session_pool* pool_;
    std::unique_ptr<session> session_;
  };

  // A session in a transaction that has begun: idle sessions whose connection died meanwhile are passed over. Waits for
  // a free one up to the patience, then errc::unavailable.
  lease begin(session::mode for_what);

  // Sessions prepare their statements anew: the schema changed.
  void forget_statements();

 private:
  std::unique_ptr<session> take();
  void give_back(std::unique_ptr<session> used) noexcept;

  const std::string database_;
  const std::size_t limit_;
  const std::chrono::milliseconds patience_;
  const opener open_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<session>> idle_;
  std::size_t taken_ = 0;
};

}  // namespace eunomia::store::sql
