/* Train one ReLU network on the mean squared error, with the same bits on every machine.

   The arithmetic is that of `definition.py`, operation by operation; this file says how to do
   do less of it. On one batch most units of the tutorial's networks are dead, or alive, for all
   points. What a dead unit would add to a sum is an exact zero, so dead units are left out:
   `alive` lists the others. Most dead units are known by three points of the batch. Each float32
   operation rounds once and none is fused (-ffp-contract=off), and sums are taken in a stated
   order, so nothing else is free to differ.

   Activations lie as [unit][point]; the points of a batch are filled up to a multiple of four,
   and those that only fill up have an error of zero. A layer's weights lie as [input][output],
   each row filled up to a multiple of four outputs, with the biases as the last row: that is
   the row of an input that is always one.

   It runs as WebAssembly, whose floating point is fully specified, or compiled natively. */

typedef float vec __attribute__((vector_size(16)));
typedef int ivec __attribute__((vector_size(16)));
typedef signed char bytes __attribute__((vector_size(16)));
typedef unsigned long long word;

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
extern unsigned char __heap_base;
#define PAGE 65536
#else
#define EXPORT(name) __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline)) /* once for all optimizers */
#define POINTS_AT_ONCE 64 /* of a prediction */
#define N_SUPPORTS 3 /* points of a batch that are asked which units are dead */
#define MOST_ASKED 4096 /* units before: of more, roundings would leave too little to be known */
#define PAUSE 16        /* steps */
#define KNOWN (4 * (N_SUPPORTS + 2)) /* floats: a vector for each value, and two for the bends */

enum { SGD, MOMENTUM, NESTEROV, RMSPROP, ADAGRAD, ADAM, LION };
enum { IN_ORDER, SHUFFLED_ONCE, SHUFFLED };

typedef struct {
  int n_in, n_out, stride;
  float *weights, *slots[2], *best; /* (n_in + 1) rows of `stride` */
  double *sums;                     /* of the weights after each averaged step */
  int *asleep;                      /* of each row, the step after which it slept; 0: it is awake */
  float *out, *slopes;              /* of units before: [stride][points], and of the loss by them */
  int *alive, n_alive;
  int pause; /* steps to come that do not ask which units are dead */
} Layer;

static Layer *layers; /* layers[0].out holds the inputs */
static int n_layers, n_points, n_train, n_validation, batch_size, keeps_short, shuffle, optimizer;
static int n_epochs, average_from, patience;
static int room; /* points that a row of activations has room for */
static double decay;
static float *points, *targets, *ones, *gradients[2], *nothing;
static int *at_units, *at_rows; /* of the units alive, where their activations and weights begin */
static float *spread; /* weights of four units, each of them in a vector of its own */
static int *doubtful, n_doubtful;              /* units that may be alive */
static int supports[N_SUPPORTS], is_supported; /* points of the batch, by their input */
static float *shares; /* of the supports, but for the first, in each point: [support][point] */
static float *known;    /* of a unit alive, its values at the supports and its bends */
static double n_spared; /* units whose sums were not taken, over all steps */
static double *rates, *losses, *validation_losses;
static int *order;
static word order_state;

static int epoch, batch, step, wait, is_over, diverged;
static double loss_sum, best_loss, power_1, power_2, last_size;
static vec faults; /* NaN once anything was not finite */

/* -- Memory: everything is laid out anew for each network ------------------------------------ */

#ifdef __wasm__
static unsigned long heap;

static void *take(unsigned long bytes) {
  unsigned long begin = heap, end = heap + ((bytes + 15) & ~15ul);
  unsigned long pages = __builtin_wasm_memory_size(0);
  if (end > pages * PAGE)
    if (__builtin_wasm_memory_grow(0, (end - pages * PAGE + PAGE - 1) / PAGE) == (unsigned long)-1)
      __builtin_trap();
  heap = end;
  return (void *)begin;
}
static void forget(void) { heap = ((unsigned long)&__heap_base + 15) & ~15ul; }
#else
static char memory[1 << 28] __attribute__((aligned(16))); /* what is not touched costs nothing */
static unsigned long heap;

static void *take(unsigned long bytes) {
  unsigned long begin = heap;
  heap += (bytes + 15) & ~15ul;
  if (heap > sizeof memory) __builtin_trap();
  return memory + begin;
}
static void forget(void) { heap = 0; }
#endif

static float *floats(long n) {
  float *block = take(n * sizeof(float));
  for (long i = 0; i < n; i++) block[i] = 0;
  return block;
}
static double *doubles(long n) {
  double *block = take(n * sizeof(double));
  for (long i = 0; i < n; i++) block[i] = 0;
  return block;
}
static int *ints(long n) {
  int *block = take(n * sizeof(int));
  for (long i = 0; i < n; i++) block[i] = 0;
  return block;
}

/* -- Random numbers: SplitMix64 -------------------------------------------------------------- */

#define GOLDEN 0x9E3779B97F4A7C15ull

INLINE word mixed(word z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}
static word next(word *state) { return mixed(*state += GOLDEN); }
static word stream(word number, int k) { return mixed((256 * number + (word)k) * GOLDEN); }

static void shuffled(void) { /* Fisher and Yates, from the end */
  for (int i = n_train - 1; i > 0; i--) {
    int j = (int)(((next(&order_state) >> 32) * (word)(i + 1)) >> 32);
    int kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}

/* -- Forward: each sum begins at the bias and takes the inputs as they come ------------------- */

INLINE vec load(const float *at) { return *(const vec *)at; }
INLINE void store(float *at, vec value) { *(vec *)at = value; }
INLINE vec splat(float value) { return (vec){value, value, value, value}; }
INLINE vec where(ivec mask, vec value) { return (vec)(mask & (ivec)value); }
INLINE int any(ivec mask) {
#ifdef __wasm__
  return __builtin_wasm_any_true_v128((bytes)mask);
#else
  return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
#endif
}

/* -- Which units are dead: as a rule three points tell -----------------------------------------

   As functions of the one input, the units before are lines between two supports, but for bends
   that are measured here at all points of the batch. With z a unit's sum, a the units before and
   w its weights, at each point

     z <= (largest z at the supports) + sum over i of max(w_i up_i, -w_i down_i),

   where up_i and down_i are how far a_i lies above and below the lines at most. A unit is dead if
   this is below zero by more than all roundings. With n units before, those of z, of the lines and
   of the margin are together less than 4 (n + 6) / 2^24 times |bias| + sum of |w_i| max a_i;
   `slack` is four times as much. The small constants are for products that underflow. A margin is
   at least `slack` times all that enters a sum, so that one below the limit excludes an overflow
   too. Where anything is not a number, comparisons fail, and the unit is summed at all points. */

INLINE vec larger(vec a, vec b) { /* the first where one is not a number */
#ifdef __wasm__
  return __builtin_wasm_pmax_f32x4(a, b);
#else
  ivec less = a < b;
  return (vec)(((ivec)b & less) | ((ivec)a & ~less));
#endif
}
INLINE vec largest(vec a) { /* in all lanes */
  a = larger(a, __builtin_shufflevector(a, a, 2, 3, 0, 1));
  return larger(a, __builtin_shufflevector(a, a, 1, 0, 3, 2));
}

/* Choose the supports, and say where between them each point of a batch lies. In the tutorial's
   networks most bends lie on the left. */
static void support(const float *x, int n) {
  int first = 0, middle = 0, last = 0;
  for (int s = 1; s < n; s++) {
    if (x[s] < x[first]) first = s;
    if (x[s] > x[last]) last = s;
  }
  float place = x[first] + 0.15f * (x[last] - x[first]);
  for (int s = 1; s < n; s++)
    if (__builtin_fabsf(x[s] - place) < __builtin_fabsf(x[middle] - place)) middle = s;
  supports[0] = first, supports[1] = middle, supports[2] = last;
  for (int s = 0; s < n; s++) {
    int on_right = x[s] >= x[middle];
    float begin = x[supports[on_right]], end = x[supports[on_right + 1]];
    float share = (x[s] - begin) / (end - begin);
    share = share > 0 ? (share < 1 ? share : 1) : 0; /* also where it is not a number */
    shares[s] = on_right ? 1 - share : share;
    shares[room + s] = on_right ? share : 0;
  }
}

/* Of each unit alive, store its values at the supports and how far it bends from lines. */
static void know(const Layer *before, int n_vectors, float slack) {
  for (int n = 0; n < before->n_alive; n++) {
    const float *values = before->out + at_units[n];
    float *to = known + KNOWN * n;
    vec first = splat(values[supports[0]]), more[N_SUPPORTS - 1];
    vec up = splat(0), down = splat(0), most = splat(0);
    store(to, first);
    for (int k = 1; k < N_SUPPORTS; k++) {
      vec value = splat(values[supports[k]]);
      store(to + 4 * k, value);
      more[k - 1] = value - first;
    }
    for (int q = 0; q < n_vectors; q++) {
      vec line = first, value = load(values + 4 * q);
      for (int k = 0; k < N_SUPPORTS - 1; k++) line += more[k] * load(shares + k * room + 4 * q);
      up = larger(up, value - line), down = larger(down, line - value), most = larger(most, value);
    }
    vec rounding = largest(most) * splat(slack) + splat(0x1p-120f);
    store(to + 4 * N_SUPPORTS, largest(up) + rounding);
    store(to + 4 * N_SUPPORTS + 4, -(largest(down) + rounding));
  }
}

/* Ask about eight units or four; add to `doubtful` those that may be alive. */
INLINE void ask_block(const Layer *before, const Layer *layer, int j, int n_vectors, float slack) {
  const float *bias = layer->weights + (long)layer->n_in * layer->stride + j;
  vec sums[N_SUPPORTS][2], margins[2];
  for (int p = 0; p < n_vectors; p++) {
    vec b = load(bias + 4 * p);
    for (int k = 0; k < N_SUPPORTS; k++) sums[k][p] = b;
    margins[p] = larger(b, -b) * splat(slack) + splat(0x1p-100f);
  }
  for (int n = 0; n < before->n_alive; n++) {
    const float *values = known + KNOWN * n, *row = layer->weights + at_rows[n] + j;
    vec up = load(values + 4 * N_SUPPORTS), down = load(values + 4 * N_SUPPORTS + 4);
    for (int p = 0; p < n_vectors; p++) {
      vec w = load(row + 4 * p);
      for (int k = 0; k < N_SUPPORTS; k++) sums[k][p] += w * load(values + 4 * k);
      margins[p] += larger(w * up, w * down);
    }
  }
  for (int p = 0; p < n_vectors; p++) {
    ivec dead = margins[p] < splat(1e30f);
    for (int k = 0; k < N_SUPPORTS; k++) dead &= sums[k][p] <= -margins[p];
    for (int k = 0; k < 4; k++)
      if (!dead[k] && j + 4 * p + k < layer->n_out) doubtful[n_doubtful++] = j + 4 * p + k;
  }
}

static void ask(const Layer *before, Layer *layer, int n_vectors) {
  int asks = is_supported && before != layers && before->n_alive <= MOST_ASKED;
  n_doubtful = 0;
  if (!asks || layer->pause-- > 0) {
    for (int j = 0; j < layer->n_out; j++) doubtful[n_doubtful++] = j;
    return;
  }
  float slack = (float)(before->n_alive + 16) * 0x1p-20f;
  int j = 0;
  know(before, n_vectors, slack);
  for (; j + 8 <= layer->stride; j += 8) ask_block(before, layer, j, 2, slack);
  for (; j < layer->stride; j += 4) ask_block(before, layer, j, 1, slack);
  int spared = layer->n_out - n_doubtful;
  n_spared += spared;
  layer->pause = spared * n_vectors < 2 * layer->n_out ? PAUSE : 0; /* it was not worth it */
}

/* Four outputs, and eight points or four. Return which outputs are alive there, by bits. */
INLINE int forward_block(const Layer *before, const Layer *layer, const int *units, int at,
                         int n_vectors) {
  const float *bias = layer->weights + (long)layer->n_in * layer->stride;
  vec sums[4][2];
  for (int k = 0; k < 4; k++)
    for (int q = 0; q < n_vectors; q++) sums[k][q] = splat(bias[units[k]]);
  const float *entered = before->out + at;
  for (int n = 0; n < before->n_alive; n++) {
    vec x[2];
    for (int q = 0; q < n_vectors; q++) x[q] = load(entered + at_units[n] + 4 * q);
    for (int k = 0; k < 4; k++)
      for (int q = 0; q < n_vectors; q++) sums[k][q] += load(spread + 16 * n + 4 * k) * x[q];
  }
  int bits = 0;
  vec found = splat(0);
  for (int k = 0; k < 4; k++) {
    ivec alive = {0, 0, 0, 0};
    for (int q = 0; q < n_vectors; q++) {
      ivec positive = sums[k][q] > splat(0);
      found += sums[k][q] * splat(0);
      store(layer->out + (long)units[k] * room + at + 4 * q, where(positive, sums[k][q]));
      alive |= positive;
    }
    bits |= any(alive) << k;
  }
  faults += found;
  return bits;
}

static void forward_hidden(const Layer *before, Layer *layer, int n_vectors) {
  int n = 0;
  for (int k = 0; k < before->n_alive; k++) {
    at_units[k] = before->alive[k] * room;
    at_rows[k] = before->alive[k] * layer->stride;
  }
  ask(before, layer, n_vectors);
  for (int begin = 0; begin < n_doubtful; begin += 4) {
    int units[4], bits = 0, q = 0;
    for (int k = 0; k < 4; k++) units[k] = doubtful[begin + k < n_doubtful ? begin + k : begin];
    for (int k = 0; k < before->n_alive; k++) {
      const float *row = layer->weights + at_rows[k];
      for (int i = 0; i < 4; i++) store(spread + 16 * k + 4 * i, splat(row[units[i]]));
    }
    for (; q + 2 <= n_vectors; q += 2) bits |= forward_block(before, layer, units, 4 * q, 2);
    for (; q < n_vectors; q++) bits |= forward_block(before, layer, units, 4 * q, 1);
    for (int k = 0; k < 4 && begin + k < n_doubtful; k++)
      if (bits >> k & 1) layer->alive[n++] = units[k];
  }
  layer->n_alive = n;
}

static void forward_last(const Layer *before, Layer *layer, int n_vectors) {
  const float *bias = layer->weights + (long)layer->n_in * layer->stride;
  for (int q = 0; q < n_vectors; q++) {
    vec sum = splat(bias[0]);
    for (int n = 0; n < before->n_alive; n++) {
      int i = before->alive[n];
      vec x = load(before->out + (long)i * room + 4 * q);
      sum += splat(layer->weights[(long)i * layer->stride]) * x;
    }
    faults += sum * splat(0);
    store(layer->out + 4 * q, sum);
  }
}

/* Values of the network at points that lie in layers[0].out. */
static void forward(int n_vectors) {
  for (int l = 1; l < n_layers; l++) forward_hidden(layers + l - 1, layers + l, n_vectors);
  forward_last(layers + n_layers - 1, layers + n_layers, n_vectors);
}

/* -- Backward: sums begin at zero and take the outputs as they come --------------------------- */

INLINE void backward_block(Layer *before, const Layer *layer, const int *units, int n_units,
                           int at, int n_vectors) {
  vec sums[4][2];
  for (int k = 0; k < 4; k++)
    for (int q = 0; q < n_vectors; q++) sums[k][q] = splat(0);
  const float *slopes = layer->slopes + at;
  for (int n = 0; n < layer->n_alive; n++) {
    vec slope[2];
    for (int q = 0; q < n_vectors; q++) slope[q] = load(slopes + at_units[n] + 4 * q);
    for (int k = 0; k < 4; k++)
      for (int q = 0; q < n_vectors; q++) sums[k][q] += load(spread + 16 * n + 4 * k) * slope[q];
  }
  for (int k = 0; k < n_units; k++)
    for (int q = 0; q < n_vectors; q++) {
      long place = (long)units[k] * room + at + 4 * q;
      store(before->slopes + place, where(load(before->out + place) > splat(0), sums[k][q]));
    }
}

static void backward(Layer *before, const Layer *layer, int n_vectors) {
  for (int k = 0; k < layer->n_alive; k++) at_units[k] = layer->alive[k] * room;
  for (int n = 0; n < before->n_alive; n += 4) {
    const int *units = before->alive + n;
    int n_units = before->n_alive - n < 4 ? before->n_alive - n : 4, q = 0;
    const float *rows[4];
    for (int k = 0; k < 4; k++)
      rows[k] = layer->weights + (long)units[k < n_units ? k : 0] * layer->stride;
    for (int k = 0; k < layer->n_alive; k++)
      for (int i = 0; i < 4; i++) store(spread + 16 * k + 4 * i, splat(rows[i][layer->alive[k]]));
    for (; q + 2 <= n_vectors; q += 2) backward_block(before, layer, units, n_units, 4 * q, 2);
    for (; q < n_vectors; q++) backward_block(before, layer, units, n_units, 4 * q, 1);
  }
}

/* Sums over the batch of some rows with four outputs, each in four lanes. */
INLINE void lane_sums(vec r[2][4], const float *const entered[2], int n_rows,
                      const float *const slopes[4], int at, int n_vectors) {
  for (int q = 0; q < n_vectors; q++) {
    vec x[2];
    for (int i = 0; i < n_rows; i++) x[i] = load(entered[i] + at + 4 * q);
    for (int k = 0; k < 4; k++) {
      vec slope = load(slopes[k] + at + 4 * q);
      for (int i = 0; i < n_rows; i++) r[i][k] += x[i] * slope;
    }
  }
}

/* Of four vectors, the sums of their lanes: (l0 + l1) + (l2 + l3). */
INLINE vec across(const vec r[4]) {
  vec a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
  vec b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
  vec c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  vec d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  vec l0 = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  vec l1 = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  vec l2 = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  vec l3 = __builtin_shufflevector(c, d, 2, 3, 6, 7);
  return (l0 + l1) + (l2 + l3);
}

/* The gradients of two rows or one: sums over the batch. */
INLINE void rows_gradient(const float *const entered[2], int n_rows, const Layer *layer,
                          int n_vectors) {
  for (int n = 0; n < layer->n_alive; n += 4) {
    int j[4], width = layer->n_alive - n < 4 ? layer->n_alive - n : 4, q = 0;
    const float *slopes[4];
    vec r[2][4];
    for (int k = 0; k < 4; k++) {
      j[k] = layer->alive[k < width ? n + k : n];
      slopes[k] = layer->slopes + (long)j[k] * room;
      for (int i = 0; i < n_rows; i++) r[i][k] = splat(0);
    }
    for (; q + 4 <= n_vectors; q += 4) lane_sums(r, entered, n_rows, slopes, 4 * q, 4);
    for (; q < n_vectors; q++) lane_sums(r, entered, n_rows, slopes, 4 * q, 1);
    for (int i = 0; i < n_rows; i++) {
      vec sum = across(r[i]);
      for (int k = 0; k < width; k++) gradients[i][j[k]] = sum[k];
    }
  }
}

APART void gradients_of(const float *const entered[2], int n_rows, const Layer *layer,
                        int n_vectors) {
  if (n_rows == 2)
    rows_gradient(entered, 2, layer, n_vectors);
  else
    rows_gradient(entered, 1, layer, n_vectors);
}

/* -- The optimizers: a step of four weights --------------------------------------------------- */

INLINE vec root(vec value) {
#ifdef __wasm__
  return __builtin_wasm_sqrt_f32x4(value);
#else
  return (vec){__builtin_sqrtf(value[0]), __builtin_sqrtf(value[1]), __builtin_sqrtf(value[2]),
               __builtin_sqrtf(value[3])};
#endif
}
/* Half of all momenta would become subnormal in time, which is slow. */
INLINE vec flushed(vec m) {
  ivec tiny = (m < splat(0x1p-100f)) & (m > splat(-0x1p-100f));
  return (vec)((ivec)m & ~tiny);
}
INLINE vec sign(vec value) {
  return where(value > splat(0), splat(1)) - where(value < splat(0), splat(1));
}

/* Move both slots by a gradient; return what is to be taken from the weights. */
INLINE vec moved(int rule, vec g, vec *first, vec *second, float size) {
  switch (rule) {
    case MOMENTUM:
      *first = flushed(*first * splat(0.9f) - g * splat(size));
      return -*first;
    case NESTEROV:
      *first = flushed(*first * splat(0.9f) - g * splat(size));
      return g * splat(size) - *first * splat(0.9f);
    case RMSPROP:
      *first += (g * g - *first) * splat(0.1f);
      return g * splat(size) / root(*first + splat(1e-7f));
    case ADAGRAD:
      *first += g * g;
      return g * splat(size) / root(*first + splat(1e-7f));
    case ADAM:
      *first = flushed(*first + (g - *first) * splat(0.1f));
      *second += (g * g - *second) * splat(0.001f);
      return *first * splat(size) / (root(*second) + splat(1e-7f));
    case LION: {
      vec step = sign(*first * splat(0.9f) + g * splat(0.1f)) * splat(size);
      *first = flushed(*first * splat(0.99f) + g * splat(0.01f));
      return step;
    }
    default:
      return g * splat(size);
  }
}

static const int n_slots[] = {0, 1, 1, 1, 1, 2, 1};

/* Take one step of a row; return whether any of its weights changed. */
INLINE int update_row(int rule, Layer *layer, int row, const float *g, float size, float shrink,
                      int averages) {
  long begin = (long)row * layer->stride, n = layer->stride;
  float *weights = layer->weights + begin;
  float *firsts = n_slots[rule] > 0 ? layer->slots[0] + begin : 0;
  float *seconds = n_slots[rule] > 1 ? layer->slots[1] + begin : 0;
  ivec changed = {0, 0, 0, 0};
  vec found = splat(0);
  if (shrink != 0)
    for (long c = 0; c < n; c++) weights[c] -= weights[c] * shrink;
  for (long c = 0; c < n; c += 4) {
    vec first = splat(0), second = splat(0), old = load(weights + c);
    if (firsts) first = load(firsts + c);
    if (seconds) second = load(seconds + c);
    vec w = old - moved(rule, load(g + c), &first, &second, size);
    store(weights + c, w);
    if (firsts) store(firsts + c, first);
    if (seconds) store(seconds + c, second);
    changed |= (ivec)w ^ (ivec)old;
    found += ((w + first) + second) * splat(0);
  }
  faults += found;
  if (averages)
    for (long c = 0; c < n; c++) layer->sums[begin + c] += weights[c];
  return any(changed);
}

/* Let the slots of some weights miss no step that had no gradient: side by side, since each
   waits for its own step before. */
INLINE void catch_up(int rule, Layer *layer, long at, int n_vectors, int missed) {
  vec first[5], second[5];
  for (int q = 0; q < n_vectors; q++) {
    first[q] = load(layer->slots[0] + at + 4 * q);
    if (n_slots[rule] > 1) second[q] = load(layer->slots[1] + at + 4 * q);
  }
  for (int n = 0; n < missed; n++)
    for (int q = 0; q < n_vectors; q++) moved(rule, splat(0), first + q, second + q, 0);
  for (int q = 0; q < n_vectors; q++) {
    store(layer->slots[0] + at + 4 * q, first[q]);
    if (n_slots[rule] > 1) store(layer->slots[1] + at + 4 * q, second[q]);
  }
}

/* A row without a gradient sleeps once its update moves no weight: the updates after that would
   be smaller still. What it missed is made up for when it wakes. */
INLINE void wake_row(int rule, Layer *layer, int row) {
  int since = layer->asleep[row], missed = step - 1 - since;
  layer->asleep[row] = 0;
  if (missed <= 0) return;
  long at = (long)row * layer->stride, end = at + layer->stride;
  if (average_from > 0) {
    int averaged = step - (since + 1 > average_from ? since + 1 : average_from);
    for (long c = at; c < end; c++)
      for (int n = 0; n < averaged; n++) layer->sums[c] += layer->weights[c];
  }
  if (n_slots[rule] == 0) return;
  for (; at + 20 <= end; at += 20) catch_up(rule, layer, at, 5, missed);
  for (; at < end; at += 4) catch_up(rule, layer, at, 1, missed);
}

INLINE void update_rows(int rule, int n_vectors, float size, float shrink, int wakes) {
  int averages = average_from > 0 && step >= average_from;
  for (int l = n_layers; l > 0; l--) {
    Layer *before = layers + l - 1, *layer = layers + l;
    if (l > 1) backward(before, layer, n_vectors);
    for (int i = 0; i < 2; i++)
      for (int j = 0; j < layer->stride; j++) gradients[i][j] = 0;
    for (int n = 0; n <= before->n_alive; n += 2) {
      int rows[2], n_rows = n < before->n_alive ? 2 : 1;
      const float *entered[2];
      for (int i = 0; i < n_rows; i++) {
        int is_unit = n + i < before->n_alive;
        rows[i] = is_unit ? before->alive[n + i] : layer->n_in;
        entered[i] = is_unit ? before->out + (long)rows[i] * room : ones;
        if (layer->asleep[rows[i]]) wake_row(rule, layer, rows[i]);
      }
      gradients_of(entered, n_rows, layer, n_vectors);
      for (int i = 0; i < n_rows; i++)
        update_row(rule, layer, rows[i], gradients[i], size, shrink, averages);
    }
    for (int i = 0, n = 0; i < layer->n_in; i++) {
      if (n < before->n_alive && before->alive[n] == i) {
        n++;
        continue;
      }
      if (layer->asleep[i] && wakes) wake_row(rule, layer, i);
      if (layer->asleep[i]) continue;
      if (!update_row(rule, layer, i, nothing, size, shrink, averages) && decay == 0)
        layer->asleep[i] = step;
    }
  }
}

static void update(int n_vectors, double rate) {
  double size = rate;
  if (optimizer == ADAM) {
    power_1 *= 0.9;
    power_2 *= 0.999;
    size = rate * __builtin_sqrt(1 - power_2) / (1 - power_1);
  }
  float shrink = (float)(decay * rate);
  /* Momenta shrink by a tenth a step, so a little growth of the steps wakes nobody. */
  int wakes = (float)size > (optimizer == ADAM ? 1.05f : 1) * (float)last_size;
  last_size = size;
  switch (optimizer) {
#define CASE(rule) \
  case rule: update_rows(rule, n_vectors, (float)size, shrink, wakes); break;
    CASE(SGD) CASE(MOMENTUM) CASE(NESTEROV) CASE(RMSPROP) CASE(ADAGRAD) CASE(ADAM) CASE(LION)
  }
}

static void wake_all(void) {
  step++; /* what a row missed ends before the step to come */
  for (int l = 1; l <= n_layers; l++)
    for (int i = 0; i <= layers[l].n_in; i++)
      if (layers[l].asleep[i]) switch (optimizer) {
#define WAKE(rule) \
  case rule: wake_row(rule, layers + l, i); break;
          WAKE(SGD) WAKE(MOMENTUM) WAKE(NESTEROV) WAKE(RMSPROP) WAKE(ADAGRAD) WAKE(ADAM) WAKE(LION)
        }
  step--;
}

/* -- Training --------------------------------------------------------------------------------- */

/* Put some points where the network sees them, filled up by zeros; return how many vectors. */
static int enter(const float *x, long length, const int *which, int begin, int n) {
  int n_vectors = (n + 3) / 4;
  for (int f = 0; f < layers[0].n_out; f++)
    for (int s = 0; s < 4 * n_vectors; s++) {
      int at = s < n ? (which ? which[begin + s] : begin + s) : 0;
      layers[0].out[(long)f * room + s] = s < n ? x[f * length + at] : 0;
    }
  return n_vectors;
}

static void take_step(int begin, int n) {
  Layer *last = layers + n_layers;
  int n_vectors = enter(points, n_points, order, begin, n);
  float share = 2.0f / (float)n;
  is_supported = layers[0].n_out == 1 && n_vectors > N_SUPPORTS;
  if (is_supported) support(layers[0].out, 4 * n_vectors); /* filling points are points, too */
  forward(n_vectors);
  is_supported = 0; /* in what is predicted */
  for (int s = 0; s < 4 * n_vectors; s++) {
    float error = s < n ? last->out[s] - targets[order[begin + s]] : 0;
    last->slopes[s] = error * share;
    loss_sum += (double)error * (double)error;
  }
  step++;
  update(n_vectors, rates[step - 1]);
}

static double validation_loss(void) {
  double sum = 0;
  for (int begin = 0; begin < n_validation; begin += room) {
    int n = n_validation - begin < room ? n_validation - begin : room;
    forward(enter(points, n_points, 0, n_train + begin, n));
    for (int s = 0; s < n; s++) {
      float error = layers[n_layers].out[s] - targets[n_train + begin + s];
      sum += (double)error * (double)error;
    }
  }
  return sum / n_validation;
}

static int is_bad(void) {
  float sum = faults[0] + faults[1] + faults[2] + faults[3];
  return sum != sum;
}

/* Keep the best weights, and stop after `patience` epochs without better ones. */
static void validate(void) {
  double loss = validation_loss();
  if (is_bad()) loss = __builtin_nan(""); /* a dead unit may hide that it is not finite */
  validation_losses[epoch - 1] = loss;
  wait++;
  if (loss < best_loss) {
    best_loss = loss;
    wait = 0;
    for (int l = 1; l <= n_layers; l++)
      for (long k = 0; k < (long)(layers[l].n_in + 1) * layers[l].stride; k++)
        layers[l].best[k] = layers[l].weights[k];
  }
  if (patience > 0 && wait >= patience) is_over = 1;
}

static void end_epoch(int n) {
  losses[epoch++] = loss_sum / n;
  loss_sum = 0;
  batch = 0;
  if (n_validation) validate();
  if (epoch == n_epochs) is_over = 1;
}

/* -- What the host calls ---------------------------------------------------------------------- */

/* Lay out a network of widths[0], ..., widths[n]; return where to write its widths. */
EXPORT(begin) int *begin(int n) {
  forget();
  n_layers = n;
  layers = take((n + 1) * sizeof(Layer));
  return ints(n + 1);
}

/* Lay out everything else. The host then writes weights, points, targets and rates. */
EXPORT(prepare)
void prepare(const int *widths, int train, int validation, int size, int keeps, int mode, int rule,
             int epochs, int n_steps, int averaged_from, int waits, double weight_decay,
             word number) {
  n_train = train, n_validation = validation, n_points = train + validation;
  batch_size = size, keeps_short = keeps, shuffle = mode, optimizer = rule;
  n_epochs = epochs, average_from = averaged_from, patience = waits, decay = weight_decay;
  room = ((size > POINTS_AT_ONCE ? size : POINTS_AT_ONCE) + 3) & ~3;
  order_state = stream(number, 3);
  epoch = batch = step = wait = is_over = diverged = 0;
  n_spared = loss_sum = 0, best_loss = __builtin_inf(), power_1 = power_2 = 1, last_size = 0;
  faults = splat(0);
  int widest = (widths[0] + 3) & ~3;
  for (int kind = 0; kind < 5; kind++) /* the layers of a kind lie behind each other */
    for (int l = 1; l <= n_layers; l++) {
      Layer *layer = layers + l;
      layer->n_in = widths[l - 1], layer->n_out = widths[l];
      layer->stride = (layer->n_out + 3) & ~3;
      widest = layer->stride > widest ? layer->stride : widest;
      long n = (long)(layer->n_in + 1) * layer->stride;
      if (kind == 0) layer->weights = floats(n);
      if (kind == 1 && n_slots[rule] > 0) layer->slots[0] = floats(n);
      if (kind == 2 && n_slots[rule] > 1) layer->slots[1] = floats(n);
      if (kind == 3 && validation) layer->best = floats(n);
      if (kind == 4 && average_from > 0) layer->sums = doubles(n);
    }
  if (rule == ADAGRAD)
    for (int l = 1; l <= n_layers; l++)
      for (int i = 0; i <= layers[l].n_in; i++)
        for (int j = 0; j < layers[l].n_out; j++)
          layers[l].slots[0][(long)i * layers[l].stride + j] = 0.1f;
  layers[0].n_out = layers[0].n_alive = widths[0];
  layers[0].stride = (widths[0] + 3) & ~3;
  for (int l = 0; l <= n_layers; l++) {
    Layer *layer = layers + l;
    layer->out = floats((long)layer->stride * room);
    layer->slopes = floats((long)layer->stride * room);
    layer->alive = ints(layer->stride);
    if (l > 0) layer->asleep = ints(layer->n_in + 1);
    layer->pause = 0;
  }
  for (int f = 0; f < widths[0]; f++) layers[0].alive[f] = f;
  layers[n_layers].n_alive = 1; /* the output */
  points = floats((long)widths[0] * n_points);
  targets = floats(n_points);
  ones = floats(room);
  for (int s = 0; s < room; s++) ones[s] = 1;
  gradients[0] = floats(widest), gradients[1] = floats(widest), nothing = floats(widest);
  at_units = ints(widest), at_rows = ints(widest), spread = floats(16 * (long)widest);
  doubtful = ints(widest), known = floats(KNOWN * (long)widest);
  shares = floats((N_SUPPORTS - 1) * (long)room);
  rates = doubles(n_steps);
  losses = doubles(epochs);
  validation_losses = doubles(validation ? epochs : 0);
  order = ints(train);
  for (int s = 0; s < train; s++) order[s] = s;
}

EXPORT(points) float *get_points(void) { return points; }
EXPORT(targets) float *get_targets(void) { return targets; }
EXPORT(rates) double *get_rates(void) { return rates; }
EXPORT(weights) float *get_weights(void) { return layers[1].weights; }
EXPORT(best) float *get_best(void) { return layers[1].best; }
EXPORT(sums) double *get_sums(void) { return layers[1].sums; }
EXPORT(slot) float *get_slot(int kind) { return layers[1].slots[kind]; }
EXPORT(losses) double *get_losses(void) { return losses; }
EXPORT(validation_losses) double *get_validation_losses(void) { return validation_losses; }
EXPORT(diverged) int get_diverged(void) { return diverged; }
EXPORT(n_spared) double get_n_spared(void) { return n_spared; }
EXPORT(steps_done) int get_steps_done(void) { return step; }
EXPORT(is_over) int get_is_over(void) { return is_over; }

/* Go on to the end of an epoch, or for some steps at most; return how many epochs are complete. */
EXPORT(advance) int advance(int until, int most_steps) {
  int n_used = keeps_short ? n_train : n_train / batch_size * batch_size;
  while (!is_over && epoch < until && most_steps-- > 0) {
    int at = batch * batch_size, n = n_used - at < batch_size ? n_used - at : batch_size;
    if (batch == 0 && (shuffle == SHUFFLED || (shuffle == SHUFFLED_ONCE && epoch == 0))) shuffled();
    take_step(at, n);
    batch++;
    if (is_bad()) {
      diverged = is_over = 1;
    } else if (at + n == n_used) {
      end_epoch(n_used);
      if (is_bad()) diverged = is_over = 1; /* by the points held out */
    }
  }
  return epoch;
}

/* Make slots and sums up to date, in order to read them. */
EXPORT(settle) void settle(void) { wake_all(); }

/* Write the network's values at the training points and those held out over the targets. */
EXPORT(predict) void predict(void) {
  for (int begin = 0; begin < n_points; begin += room) {
    int n = n_points - begin < room ? n_points - begin : room;
    forward(enter(points, n_points, 0, begin, n));
    for (int s = 0; s < n; s++) targets[begin + s] = layers[n_layers].out[s];
  }
}
