// ReQL: refused with a position, or compiled and worked out for one item, whatever it says.

#include "wire/recombee/reql.h"
#include "core/error.h"
#include "fuzz.h"

namespace {

using namespace eunomia;
using wire::recombee::reql_value;
using wire::recombee::reql_whose;

// Properties 'a' (a string), 'n' (a number), 's' (a set), 'b' (a boolean) and 'z' (null), whoever they are asked of.
class one_item final : public wire::recombee::reql_schema, public wire::recombee::reql_facts {
 public:
  std::optional<std::size_t> slot_of(reql_whose, std::string_view property) const override {
    const std::size_t found = std::string_view("ansbz").find(property);
    return property.size() == 1 && found != std::string_view::npos ? std::optional(found) : std::nullopt;
  }
  reql_value value_of(reql_whose, std::size_t slot, std::string_view) const override {
    switch (slot) {
      case 0: return reql_value(std::string("50.1,14.4"));
      case 1: return reql_value(std::int64_t{-7});
      case 2: return reql_value::set_of({reql_value(std::string("x")), reql_value(std::string("y"))});
      case 3: return reql_value(true);
      default: return {};
    }
  }
  std::optional<std::string> segment() const override { return std::nullopt; }
  double now() const override { return 1.7e9; }
  double random() const override { return 0.5; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const one_item item;
  fuzz::accepted(core::errc::invalid_argument, [&] {
    const auto compiled = wire::recombee::reql::compile(text, item);
    wire::recombee::reql_budget budget;
    budget.spend(wire::recombee::reql_budget::max_reql_steps - 100'000);  // so that an input is quick
    compiled.evaluate(item, budget);
    compiled.allows(item, budget);
    const double factor = compiled.boost(item, budget);
    fuzz::require(factor >= 0, "a booster is never negative");
  });
  return 0;
}
