#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace eunomia::app {

// A table for people: a header, rows, columns padded to their widest cell (in code points); numbers to the right.
class text_table {
 public:
  explicit text_table(std::vector<std::string> header);

  // Missing cells are empty; more cells than the header has are a defect.
  void add(std::vector<std::string> row);
  std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// A number with so many decimals, or "-" for one that is not finite.
std::string fixed(double value, int decimals);
// "1,234,567".
std::string grouped(std::uint64_t value);

}  // namespace eunomia::app
