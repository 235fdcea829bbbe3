#include "wire/http/deadlines.h"

namespace eunomia::wire::http {

void deadlines::set(entry& e, time_point due) {
  e.due_ = due;
  if (e.is_linked() && e.listed_ <= due) {
    return;
  }
  remove(e);
  e.due_ = due;
  e.listed_ = due;
  entries_.insert(e);
  arm();
}

void deadlines::remove(entry& e) noexcept {
  if (e.is_linked()) {
    entries_.erase(entries_.iterator_to(e));
  }
  e.due_ = time_point::max();
}

void deadlines::arm() {
  if (entries_.empty() || armed_ <= entries_.begin()->listed_) {
    return;
  }
  armed_ = entries_.begin()->listed_;
  timer_.expires_at(armed_);
  timer_.async_wait([this](const boost::system::error_code& failure) { look(failure); });
}

void deadlines::look(const boost::system::error_code& failure) {
  if (failure) {
    return;  // armed again for an earlier time, or the thread ends
  }
  armed_ = time_point::max();
  const time_point now = steady_clock::now();
  while (!entries_.empty() && entries_.begin()->listed_ <= now) {
    entry& first = *entries_.begin();
    entries_.erase(entries_.begin());
    if (first.due_ <= now) {
      first.due_ = time_point::max();
      first.expired();
    } else if (first.due_ != time_point::max()) {
      first.listed_ = first.due_;
      entries_.insert(first);
    }
  }
  arm();
}

}  // namespace eunomia::wire::http
