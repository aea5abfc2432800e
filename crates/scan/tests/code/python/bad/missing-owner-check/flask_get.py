@app.route("/invoices/<int:invoice_id>")
@login_required
def invoice(invoice_id):
    invoice = Invoice.query.get_or_404(invoice_id)
    return jsonify(invoice.to_dict())
