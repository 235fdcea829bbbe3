#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wire/http/metrics.h"
#include "wire/http/route.h"

namespace eunomia::wire::http {

// What GET /ready says.
class readiness {
 public:
  void set(bool is, std::string reason);
  // Empty when ready.
  std::string reason_not() const;

 private:
  mutable std::mutex mutex_;
  bool is_ = false;
  std::string reason_ = "starting";
};

// GET /health, /ready and /metrics, and what requests get that are nobody's: malformed ones, and those that no protocol
// claims. Credentials and the shape of errors are those of the first protocol on the port; without one (null) nobody
// gets in, and errors are {"error":{"code":"not_found","message":"..."}}.
class built_in_protocol final : public protocol {
 public:
  built_in_protocol(const protocol* first, const readiness& ready, const metrics& figures);
  ~built_in_protocol() override;

  std::string_view name() const override { return "server"; }
  bool claims(const request& head) const override;
  std::span<const route> routes() const override { return routes_; }
  const authenticator& credentials() const override;
  response answer_of(const request& head, const failure& why) const override;

 private:
  const protocol* first_;
  std::unique_ptr<authenticator> nobody_;
  std::vector<route> routes_;
};

// The process's memory, processor time, open files and start, under Prometheus' usual names.
void add_process_figures(metrics& into);

}  // namespace eunomia::wire::http
