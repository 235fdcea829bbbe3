// The loops of ials_kernels.h, once for all instruction sets. Each ials_kernels_*.cpp defines `lanes`, 16 floats in the
// registers of its instruction set, in an unnamed namespace, and then includes this file there. lanes has: load, store,
// broadcast, zero, fused (a * b + c), operators + and *; fold (lane i plus lane i + 8), and the rest of a fixed tree of
// sums (i plus i + 4, i + 2, i + 1) in sum and, for eight rows at a time, sum_eight.
//
// The two cores of training are memory-bound gathers over the rows of one side: weighted_sum and weighted_square take
// eight rows at a time, so that each element of `direction` is loaded once for eight rows, the rows come from L2 (or,
// asked for eight rows ahead, from L3) for the inner products and from L1 for the sum, and the eight horizontal sums
// share one transposition.

constexpr std::size_t group = 8;

// Inner products of eight rows with direction, into products[8]. Requests `upcoming` rows meanwhile.
template <class Element>
inline __attribute__((always_inline)) void eight_products(const Element* const* row, const Element* const* upcoming,
                                                          std::size_t stride, const float* direction, float* products) {
  constexpr std::size_t line = 64 / sizeof(Element);
  lanes::folded folded[group];
  for (std::size_t part = 0; part < group; part += lanes::rows_at_once) {
    lanes sum[lanes::rows_at_once];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < lanes::rows_at_once; ++r) {
      sum[r] = lanes::zero();
    }
    for (std::size_t j = 0; j < stride; j += 16) {
      const lanes d = lanes::load(direction + j);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < lanes::rows_at_once; ++r) {
        sum[r] = lanes::fused(lanes::load(row[part + r] + j), d, sum[r]);
        if (j % line == 0) {
          __builtin_prefetch(upcoming[part + r] + j);
        }
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < lanes::rows_at_once; ++r) {
      folded[part + r] = sum[r].fold();
    }
  }
  lanes::sum_eight(folded, products);
}

inline __attribute__((always_inline)) float weight_at(const std::uint16_t* weight, float quantum, std::size_t k) {
  return weight == nullptr ? 1.0F : static_cast<float>(weight[k]) * quantum;
}

// The addresses of rows [begin, begin + 8) of a gather; past its end, that of row 0.
template <class Element>
inline __attribute__((always_inline)) void take_rows(const Element* rows, std::size_t stride, const std::uint32_t* item,
                                                     std::size_t begin, std::size_t count, const Element** row) {
  if (begin + group <= count) {
    for (std::size_t r = 0; r < group; ++r) {
      row[r] = rows + item[begin + r] * stride;
    }
    return;
  }
  for (std::size_t r = 0; r < group; ++r) {
    row[r] = begin + r < count ? rows + item[begin + r] * stride : rows;
  }
}

// Rows past the end of a gather weigh 0.
template <class Element>
void weighted_sum(const Element* rows, std::size_t stride, const std::uint32_t* item, const std::uint16_t* weight,
                  float quantum, std::size_t count, const float* direction, float target, float* out) {
  for (std::size_t j = 0; j < stride; j += 16) {
    lanes::zero().store(out + j);
  }
  const Element* row[group];
  const Element* upcoming[group];
  take_rows(rows, stride, item, 0, count, row);
  for (std::size_t k = 0; k < count; k += group) {
    take_rows(rows, stride, item, k + group, count, upcoming);
    float products[group];
    eight_products(row, upcoming, stride, direction, products);
    lanes factor[group];
    for (std::size_t r = 0; r < group; ++r) {
      factor[r] = lanes::broadcast(k + r < count ? weight_at(weight, quantum, k + r) * (target - products[r]) : 0.0F);
    }
    for (std::size_t j = 0; j < stride; j += 16) {
      lanes even = lanes::load(out + j);
      lanes odd = factor[1] * lanes::load(row[1] + j);
      even = lanes::fused(factor[0], lanes::load(row[0] + j), even);
#pragma GCC unroll 3
      for (std::size_t r = 2; r < group; r += 2) {
        even = lanes::fused(factor[r], lanes::load(row[r] + j), even);
        odd = lanes::fused(factor[r + 1], lanes::load(row[r + 1] + j), odd);
      }
      (even + odd).store(out + j);
    }
    for (std::size_t r = 0; r < group; ++r) {
      row[r] = upcoming[r];
    }
  }
}

template <class Element>
float weighted_square(const Element* rows, std::size_t stride, const std::uint32_t* item, const std::uint16_t* weight,
                      float quantum, std::size_t count, const float* direction) {
  const Element* row[group];
  const Element* upcoming[group];
  take_rows(rows, stride, item, 0, count, row);
  float total = 0;
  for (std::size_t k = 0; k < count; k += group) {
    take_rows(rows, stride, item, k + group, count, upcoming);
    float products[group];
    eight_products(row, upcoming, stride, direction, products);
    float part = 0;
    for (std::size_t r = 0; r < group && k + r < count; ++r) {
      part += weight_at(weight, quantum, k + r) * (products[r] * products[r]);
    }
    total += part;
    for (std::size_t r = 0; r < group; ++r) {
      row[r] = upcoming[r];
    }
  }
  return total;
}

void to_half(const float* from, std::size_t count, float scale, half* to) {
  const lanes factor = lanes::broadcast(scale);
  for (std::size_t j = 0; j < count; j += 16) {
    (lanes::load(from + j) * factor).store(to + j);
  }
}

// One tile of a matrix product, Rows x (16 * Columns) floats of c, in registers:
// c[i][j] += (or -=) sum over k < depth of a[i * row_step + k * depth_step] * b[k * b_stride + j].
// Each element is summed over k in order, so the tiling changes no bit.
template <int Rows, int Columns, bool Subtract>
inline __attribute__((always_inline)) void tile(const float* a, std::size_t row_step, std::size_t depth_step,
                                                const float* b, std::size_t b_stride, std::size_t depth, float* c,
                                                std::size_t c_stride) {
  lanes sum[Rows][Columns];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) {
      sum[i][j] = lanes::load(c + i * c_stride + j * 16);
    }
  }
  for (std::size_t k = 0; k < depth; ++k) {
    lanes right[Columns];
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) {
      right[j] = lanes::load(b + k * b_stride + j * 16);
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const float left = a[i * row_step + k * depth_step];
      const lanes spread = lanes::broadcast(Subtract ? -left : left);
#pragma GCC unroll 4
      for (int j = 0; j < Columns; ++j) {
        sum[i][j] = lanes::fused(spread, right[j], sum[i][j]);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) {
      sum[i][j].store(c + i * c_stride + j * 16);
    }
  }
}

// 16 rows of c from column `begin` to `end`, both multiples of 16, in the tiles that fit the registers.
template <bool Subtract>
inline __attribute__((always_inline)) void tile_rows(const float* a, std::size_t row_step, std::size_t depth_step,
                                                     const float* b, std::size_t b_stride, std::size_t depth, float* c,
                                                     std::size_t c_stride, std::size_t begin, std::size_t end) {
  constexpr int rows = lanes::tile_rows;
  static_assert(16 % rows == 0);
  for (int i = 0; i < 16; i += rows) {
    std::size_t j = begin;
    for (; j + 16 * lanes::tile_columns <= end; j += 16 * lanes::tile_columns) {
      tile<rows, lanes::tile_columns, Subtract>(a + i * row_step, row_step, depth_step, b + j, b_stride, depth,
                                                c + i * c_stride + j, c_stride);
    }
    for (; j < end; j += 16) {
      tile<rows, 1, Subtract>(a + i * row_step, row_step, depth_step, b + j, b_stride, depth, c + i * c_stride + j,
                              c_stride);
    }
  }
}

void add_gram(const float* rows, std::size_t stride, std::size_t count, float* c) {
  for (std::size_t i = 0; i < stride; i += 16) {
    tile_rows<false>(rows + i, 1, stride, rows, stride, count, c + i * stride, stride, i, stride);
  }
}

void multiply(const float* rows, std::size_t stride, std::size_t count, const float* square, float* out) {
  std::fill_n(out, count * stride, 0.0F);
  std::size_t r = 0;
  for (; r + 16 <= count; r += 16) {
    tile_rows<false>(rows + r * stride, stride, 1, square, stride, stride, out + r * stride, stride, 0, stride);
  }
  for (; r < count; ++r) {
    for (std::size_t j = 0; j < stride; j += 16) {
      tile<1, 1, false>(rows + r * stride, stride, 1, square + j, stride, stride, out + r * stride + j, stride);
    }
  }
}

// Left-looking by blocks of 16 rows of U: the block takes off what the rows above contribute (a matrix product), then
// is eliminated row by row.
bool factorise(float* a, std::size_t stride, std::size_t size) {
  for (std::size_t block = 0; block < size; block += 16) {
    tile_rows<true>(a + block, 1, stride, a, stride, block, a + block * stride, stride, block, stride);
    const std::size_t block_end = std::min(block + 16, size);
    for (std::size_t k = block; k < block_end; ++k) {
      float* pivot_row = a + k * stride;
      const float pivot = pivot_row[k];
      if (!(pivot > 0)) {
        return false;
      }
      const lanes scale = lanes::broadcast(1 / std::sqrt(pivot));
      for (std::size_t j = block; j < stride; j += 16) {
        (lanes::load(pivot_row + j) * scale).store(pivot_row + j);
      }
      for (std::size_t i = k + 1; i < block_end; ++i) {
        const lanes factor = lanes::broadcast(-pivot_row[i]);
        float* row = a + i * stride;
        for (std::size_t j = block; j < stride; j += 16) {
          lanes::fused(factor, lanes::load(pivot_row + j), lanes::load(row + j)).store(row + j);
        }
      }
    }
  }
  return true;
}

void substitute(const float* u, std::size_t stride, std::size_t size, float* b) {
  for (std::size_t k = 0; k < size; ++k) {
    const float* row = u + k * stride;
    const float z = b[k] / row[k];
    // The whole line of the diagonal is updated, which spoils b[0..k] within it: those are restored below.
    float kept[16];
    const std::size_t line = k / 16 * 16;
    std::copy_n(b + line, 16, kept);
    const lanes factor = lanes::broadcast(-z);
    for (std::size_t j = line; j < stride; j += 16) {
      lanes::fused(factor, lanes::load(row + j), lanes::load(b + j)).store(b + j);
    }
    std::copy_n(kept, k - line, b + line);
    b[k] = z;
  }
  for (std::size_t k = size; k-- > 0;) {
    const float* row = u + k * stride;
    float rest = 0;
    std::size_t j = k + 1;
    for (; j % 16 != 0; ++j) {
      rest += row[j] * b[j];
    }
    lanes sum = lanes::zero();
    for (; j < stride; j += 16) {
      sum = lanes::fused(lanes::load(row + j), lanes::load(b + j), sum);
    }
    b[k] = (b[k] - rest - sum.sum()) / row[k];
  }
}

void inner_products(const float* rows, std::size_t stride, std::size_t count, const float* direction, float* out) {
  std::size_t k = 0;
  const float* row[group];
  const float* upcoming[group];
  for (; k + group <= count; k += group) {
    for (std::size_t r = 0; r < group; ++r) {
      row[r] = rows + (k + r) * stride;
      upcoming[r] = rows + std::min(k + r + 2 * group, count - 1) * stride;
    }
    eight_products(row, upcoming, stride, direction, out + k);
  }
  for (; k < count; ++k) {
    lanes sum = lanes::zero();
    for (std::size_t j = 0; j < stride; j += 16) {
      sum = lanes::fused(lanes::load(rows + k * stride + j), lanes::load(direction + j), sum);
    }
    out[k] = sum.sum();
  }
}

constexpr ials_kernels table_of_kernels(std::string_view name, bool fast_half) {
  return {name,
          fast_half,
          weighted_sum<float>,
          weighted_sum<half>,
          weighted_square<float>,
          weighted_square<half>,
          to_half,
          add_gram,
          multiply,
          factorise,
          substitute,
          inner_products};
}
