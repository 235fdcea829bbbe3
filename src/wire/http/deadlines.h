#pragma once

#include <boost/intrusive/set.hpp>

#include "wire/http/asio.h"

namespace eunomia::wire::http {

// The time limits of all connections of one thread, behind one timer. A limit that is put off, as nearly all are, moves
// nothing: an entry stays listed under its old time and is looked at again when that comes. So a request costs two
// stores, not two changes of a heap and a system call.
class deadlines {
 public:
  using time_point = steady_clock::time_point;

  class entry : public boost::intrusive::set_base_hook<> {
   public:
    entry() = default;
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    virtual ~entry() = default;
    // Its time has come; it has none until it is given another.
    virtual void expired() = 0;

   private:
    friend class deadlines;
    time_point due_ = time_point::max();
    time_point listed_ = time_point::max();
  };

  explicit deadlines(const executor& on) : timer_(on) {}

  void set(entry& e, time_point due);
  static void clear(entry& e) noexcept { e.due_ = time_point::max(); }
  // Before an entry is destroyed.
  void remove(entry& e) noexcept;

 private:
  struct listed_time {
    using type = time_point;
    const time_point& operator()(const entry& e) const noexcept { return e.listed_; }
  };
  using list = boost::intrusive::multiset<entry, boost::intrusive::key_of_value<listed_time>>;

  void arm();
  void look(const boost::system::error_code& failure);

  list entries_;
  timer timer_;
  time_point armed_ = time_point::max();
};

}  // namespace eunomia::wire::http
