@RestController
class OrderController {
    @GetMapping("/orders/{id}")
    Order order(@PathVariable Long id, Principal principal) {
        return orders.findByIdAndOwner(id, principal.getName()).orElseThrow();
    }
}
