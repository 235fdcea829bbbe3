#include "subject/rights/request.h"

#include <algorithm>
#include <chrono>

namespace eunomia::subject {

std::int64_t one_month_after(std::int64_t ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> begin{milliseconds(ms)};
  const auto day = floor<days>(begin);
  const year_month_day date(day);
  const year_month next = year_month(date.year(), date.month()) + months(1);
  const year_month_day_last last(next.year(), next.month() / std::chrono::last);
  const auto end = sys_days(next / std::min(date.day(), last.day()));
  return (end + (begin - day)).time_since_epoch().count();
}

}  // namespace eunomia::subject
