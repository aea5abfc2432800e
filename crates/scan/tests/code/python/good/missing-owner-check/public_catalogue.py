@app.get("/products/<int:product_id>")
def product(product_id):
    return jsonify(Product.query.get_or_404(product_id).to_dict())
